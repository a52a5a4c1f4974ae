import { expect, test } from "bun:test";
import { InvalidParameterError } from "../base/errors.ts";
import { resolveUser } from "./users.ts";

const passwd = `root:x:0:0:root:/root:/bin/bash
# not an entry
web:x:1000:1001:Web,,,:/home/web:/bin/sh
1234:x:7:7::/named-by-digits:
homeless:x:8:8:::
broken:x:abc:1:::
`;
const group = `root:x:0:
web:x:1001:
video:x:44:web,root
audio:x:29:root
adm:x:4:web
broken:x:abc:web
`;

test.each([
  ["", { uid: 0, gid: 0, additionalGids: [0, 44, 29], home: "/root" }],
  ["root", { uid: 0, gid: 0, additionalGids: [0, 44, 29], home: "/root" }],
  ["web", { uid: 1000, gid: 1001, additionalGids: [1001, 44, 4], home: "/home/web" }],
  ["1000", { uid: 1000, gid: 1001, additionalGids: [1001, 44, 4], home: "/home/web" }],
  ["web:video", { uid: 1000, gid: 44, additionalGids: [44], home: "/home/web" }],
  ["web:99", { uid: 1000, gid: 99, additionalGids: [99], home: "/home/web" }],
  ["4242", { uid: 4242, gid: 0, additionalGids: [0], home: "/" }],
  ["4242:4343", { uid: 4242, gid: 4343, additionalGids: [4343], home: "/" }],
  [":video", { uid: 0, gid: 44, additionalGids: [44], home: "/root" }],
  ["1234", { uid: 1234, gid: 0, additionalGids: [0], home: "/" }],
  ["homeless", { uid: 8, gid: 8, additionalGids: [8], home: "/" }],
  ["2147483647", { uid: 2147483647, gid: 0, additionalGids: [0], home: "/" }],
])("resolveUser: %p", (spec, user) => {
  expect(resolveUser(spec, passwd, group, [])).toEqual(user);
});

test("resolveUser: --group-add takes names and numbers, each group once", () => {
  expect(resolveUser("web", passwd, group, ["audio", "4711", "adm"]).additionalGids).toEqual([
    1001, 44, 4, 29, 4711,
  ]);
});

test("resolveUser: an image without passwd has root", () => {
  expect(resolveUser("", "", "", [])).toEqual({ uid: 0, gid: 0, additionalGids: [0], home: "/" });
});

test.each([
  ["nobody", [], "unable to find user nobody: no matching entries in passwd file"],
  ["broken", [], "unable to find user broken: no matching entries in passwd file"],
  ["web:wheel", [], "unable to find group wheel: no matching entries in group file"],
  ["web", ["wheel"], "unable to find group wheel: no matching entries in group file"],
  ["2147483648", [], "uids and gids must be in range 0-2147483647"],
  ["-1", [], "uids and gids must be in range 0-2147483647"],
  ["0:-5", [], "uids and gids must be in range 0-2147483647"],
] as const)("resolveUser: %p with %p is refused", (spec, added, message) => {
  expect(() => resolveUser(spec, passwd, group, added)).toThrow(new InvalidParameterError(message));
});
