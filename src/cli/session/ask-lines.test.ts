import { expect, test } from "bun:test";
import { CommandError } from "../failure.ts";
import type { Streams } from "../streams.ts";
import { askLines } from "./ask-lines.ts";

function terminal(...pieces: readonly string[]) {
  let shown = "";
  let raw = 0;
  const streams = {
    stdin: {
      bytes: () => new Response(pieces.join("")).body,
      makeRaw: async () => {
        raw++;
        return () => void raw--;
      },
    },
    stdout: { write: async (text: string) => void (shown += text) },
  } as unknown as Streams;
  return { streams, shown: () => shown, raw: () => raw };
}

test("askLines: shows what is typed, takes back, and goes on with what came behind a line", async () => {
  const { streams, shown, raw } = terminal("anx\u007fn\rse", "cret\r\n", "a\u0015b@c\n");
  const asker = await askLines(streams);
  expect(raw()).toBe(1);
  expect(await asker.ask("Username: ")).toBe("ann");
  expect(await asker.ask("Password: ", "hidden")).toBe("secret");
  expect(await asker.ask("Email: ")).toBe("b@c");
  asker.close();
  expect(raw()).toBe(0);
  expect(shown()).toBe("Username: anx\b \bn\r\nPassword: \r\nEmail: a\b \bb@c\r\n");
});

test("askLines: letters of several bytes are one, nothing is taken back from nothing", async () => {
  const { streams, shown } = terminal("\u007fé日\u007f\n");
  expect(await (await askLines(streams)).ask("")).toBe("é");
  expect(shown()).toBe("é日\b \b\r\n");
});

test("askLines: Ctrl-C and the end of the input end it", async () => {
  expect((await askLines(terminal("ab\u0003").streams)).ask("")).rejects.toThrow(CommandError);
  expect((await askLines(terminal("ab").streams)).ask("")).rejects.toThrow("the input has ended");
});
