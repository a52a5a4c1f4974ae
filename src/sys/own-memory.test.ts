import { describe, expect, test } from "bun:test";
import { readFileSync } from "node:fs";
import { cleanProgramMappings, collectGarbage, releaseProgramPages } from "./own-memory.ts";

const section = (header: string, anonymousKiB: number): string =>
  `${header}\nSize:  4 kB\nRss:  4 kB\nAnonymous:      ${anonymousKiB} kB\nVmFlags: rd ex\n`;

describe("cleanProgramMappings", () => {
  test("are the executable's, read-only and without pages of the process's own", () => {
    const smaps = [
      section("00200000-00300000 r--p 00000000 fe:00 77                /opt/a program", 0),
      section("00300000-00700000 r-xp 00100000 fe:00 77                /opt/a program", 0),
      section("00700000-00800000 rw-p 00500000 fe:00 77                /opt/a program", 0),
      section("00800000-00801000 r--p 00600000 fe:00 77                /opt/a program", 4),
      section("00900000-00a00000 rw-p 00000000 00:00 0 ", 0),
      section("7f0000000000-7f0000100000 r-xp 00000000 fe:00 78        /usr/lib/libc.so.6", 0),
    ].join("");
    expect(cleanProgramMappings(smaps)).toEqual([
      { start: 0x200000, sizeBytes: 0x100000 },
      { start: 0x300000, sizeBytes: 0x400000 },
    ]);
  });

  test("of no text are none", () => {
    expect(cleanProgramMappings("")).toEqual([]);
  });
});

test("releaseProgramPages leaves fewer pages of the file resident, and the program goes on", () => {
  const fileKiB = (): number =>
    Number(/^RssFile:\s+(\d+)/m.exec(readFileSync("/proc/self/status", "latin1"))?.[1]);
  const before = fileKiB();
  releaseProgramPages();
  expect(fileKiB()).toBeLessThan(before);
  collectGarbage();
  expect(JSON.stringify({ a: [1, 2, 3].map((value) => value * 2) })).toBe('{"a":[2,4,6]}');
});
