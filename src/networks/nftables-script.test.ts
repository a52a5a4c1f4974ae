import { expect, test } from "bun:test";
import { defaultExecRoot, instanceOf } from "../base/instance.ts";
import { allKinds, mapping } from "./example-networks.ts";
import { changeText, installText, removalText } from "./nftables-script.ts";

const instance = instanceOf(defaultExecRoot);

test("installText: every kind of network and port, both families", () => {
  expect(installText(instance, allKinds)).toMatchSnapshot();
});

test("changeText: a range that keeps its ports is one element", () => {
  const range = mapping({ hostPort: 7000, containerPort: 7000, count: 1000 });
  expect(changeText(instance, { removed: [mapping()], added: [range] })).toBe(
    `delete element inet sampan moved4 { tcp . 0.0.0.0/0 . 8080 : 172.18.0.2 . 80 }
add element inet sampan kept4 { tcp . 0.0.0.0/0 . 7000-7999 : 172.18.0.2 }
`,
  );
});

test("changeText: what relays carry alone needs nothing", () => {
  expect(changeText(instance, { removed: [], added: [mapping({ hostIp: "::" })] })).toBe("");
});

test("removalText: another daemon's table has another name", () => {
  expect(removalText(instance)).toBe("add table inet sampan\ndelete table inet sampan\n");
  expect(removalText(instanceOf("/run/other"))).toMatch(/inet sampan-[0-9a-f]{6}\n/);
});
