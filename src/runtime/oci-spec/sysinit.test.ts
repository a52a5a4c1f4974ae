import { expect, test } from "bun:test";
import type { Process } from "../../spec/oci-runtime.ts";
import { capabilitySets } from "./process.ts";
import { underSysinit } from "./sysinit.ts";

const program: Process = {
  terminal: false,
  user: { uid: 1000, gid: 1001, additionalGids: [1001, 44] },
  args: ["web", "-e"],
  env: ["PATH=/bin", "A=b c"],
  cwd: "/srv",
  capabilities: capabilitySets(["CAP_CHOWN", "CAP_KILL"]),
  rlimits: [{ type: "RLIMIT_NOFILE", soft: 512, hard: 1024 }],
  noNewPrivileges: true,
};
const sysinit = {
  kitFolder: "/kit",
  gateways: ["172.18.0.1"],
  supervise: false,
  user: "web:web",
  groups: ["video"],
};

test("underSysinit: the article's start line, with what a runtime would do besides", () => {
  const { args, env, user, cwd } = underSysinit(program, sysinit);
  expect(args.join(" ")).toBe(
    "/sbin/init -E -g 172.18.0.1 -u web:web -a video -w /srv -c 21 -n 512 -- web -e",
  );
  expect(env).toEqual(["LD_LIBRARY_PATH=/.sampan", 'SAMPAN_ENV_0="PATH=/bin"', 'SAMPAN_ENV_1="A=b c"']);
  expect(user).toEqual({ uid: 0, gid: 0, additionalGids: [] });
  expect(cwd).toBe("/srv");
});

test("underSysinit: init gets what its steps need besides the program's capabilities", () => {
  const needed = ["CAP_CHOWN", "CAP_KILL", "CAP_SETGID", "CAP_SETUID", "CAP_SETPCAP"];
  expect(underSysinit(program, sysinit).capabilities.bounding).toEqual([...needed, "CAP_NET_ADMIN"]);
  expect(underSysinit(program, { ...sysinit, gateways: [] }).capabilities.effective).toEqual(needed);
});
