import { expect, test } from "bun:test";
import { InvalidParameterError } from "../base/errors.ts";
import { realHost } from "../base/host.ts";
import { silentLog } from "../base/log.ts";
import { layerProgress, progressLines } from "./progress.ts";

const { clock } = realHost(silentLog);

async function collect(lines: AsyncIterable<string>): Promise<string[]> {
  const all: string[] = [];
  for await (const line of lines) all.push(line);
  return all;
}

test("progressLines: lines come as they are reported, none is lost", async () => {
  const lines = progressLines(async (report) => {
    report({ status: "one" });
    report({ status: "two" });
    await clock.sleep(5);
    report({ status: "three" });
  });
  expect(await collect(lines)).toEqual([
    `{"status":"one"}\r\n{"status":"two"}\r\n`,
    `{"status":"three"}\r\n`,
  ]);
});

test("progressLines: a failure before the first line is thrown, for its own status", async () => {
  const lines = progressLines(() => Promise.reject(new InvalidParameterError("no archive")));
  expect(collect(lines)).rejects.toThrow(new InvalidParameterError("no archive"));
});

test("progressLines: a failure after a line is a line", async () => {
  const lines = progressLines(async (report) => {
    report({ status: "begun" });
    await clock.sleep(1);
    throw new InvalidParameterError("broken");
  });
  expect(await collect(lines)).toEqual([
    `{"status":"begun"}\r\n`,
    `{"errorDetail":{"message":"broken"},"error":"broken"}\r\n`,
  ]);
});

test("layerProgress: a layer read in tiny parts gives few lines, the last one among them", () => {
  const lines: unknown[] = [];
  const tell = layerProgress((line) => lines.push(line));
  for (let readBytes = 0; readBytes <= 10_000; readBytes++)
    tell({ layer: "ab", readBytes, sizeBytes: 10_000 });
  expect(lines.length).toBe(51);
  expect(lines.at(-1)).toEqual({
    status: "Loading layer",
    id: "ab",
    progressDetail: { current: 10_000, total: 10_000 },
  });
});
