import { expect, test } from "bun:test";
import { InvalidParameterError } from "../base/errors.ts";
import { parseProcessList } from "./top.ts";

const output = `UID          PID    PPID  C STIME TTY          TIME CMD
root           1       0  0 10:00 ?        00:00:01 /sbin/init
root        4711       1  0 10:01 ?        00:00:00 sh -c  sleep 5; echo "a b"
root        4712    4711  0 10:01 pts/0    00:00:00 sleep 5
`;

test("parseProcessList: rows of the container's processes, the command whole", () => {
  const { Titles, Processes } = parseProcessList(output, new Set([4711, 4712]));
  expect(Titles).toEqual(["UID", "PID", "PPID", "C", "STIME", "TTY", "TIME", "CMD"]);
  expect(Processes).toEqual([
    ["root", "4711", "1", "0", "10:01", "?", "00:00:00", `sh -c sleep 5; echo "a b"`],
    ["root", "4712", "4711", "0", "10:01", "pts/0", "00:00:00", "sleep 5"],
  ]);
});

test("parseProcessList: threads belong to the process above them", () => {
  const threads = "PID TTY CMD\n1 ? init\n- ? -\n7 ? web\n- ? -\n";
  expect(parseProcessList(threads, new Set([7])).Processes).toEqual([
    ["7", "?", "web"],
    ["-", "?", "-"],
  ]);
});

test("parseProcessList: output without a PID column is refused", () => {
  expect(() => parseProcessList("COMMAND\nsh\n", new Set([1]))).toThrow(
    new InvalidParameterError("Couldn't find PID field in ps output"),
  );
});
