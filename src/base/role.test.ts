import { expect, test } from "bun:test";
import { roleOf } from "./role.ts";

test.each([
  ["/sbin/init", "-g 10.0.0.1 -- sh", "init", "-g 10.0.0.1 -- sh"],
  ["sampan", "init -e A=b sh", "init", "-e A=b sh"],
  ["sampan", "monitor x", "monitor", "x"],
  ["sampan", "daemon -D", "daemon", "-D"],
  ["sampan", "lxc-runtime --root /r delete web", "lxc-runtime", "--root /r delete web"],
  ["sampan", "-e lxc -d", "daemon", "-e lxc"],
  ["sampan", "-d", "daemon", ""],
  ["sampan", "-d -D -g /data", "daemon", "-D -g /data"],
  ["sampan", "-D -d", "daemon", "-D"],
  ["sampan", "-g /data -b lxcbr0 -p /x.pid -d", "daemon", "-g /data -b lxcbr0 -p /x.pid"],
  ["sampan", "-g=/data -d", "daemon", "-g=/data"],
  ["sampan", "run -d busybox", "client", "run -d busybox"],
  ["sampan", "-D run -d busybox", "client", "-D run -d busybox"],
  ["sampan", "-H -d ps", "client", "-H -d ps"],
  ["/usr/sbin/init", "ps", "client", "ps"],
  ["sampan", "", "client", ""],
])("roleOf: %s %s is the %s", (argv0, line, name, rest) => {
  const words = (text: string): string[] => text.split(" ").filter(Boolean);
  expect(roleOf(argv0, words(line))).toEqual({ name, args: words(rest) } as ReturnType<typeof roleOf>);
});
