import { expect, test } from "bun:test";
import type { HostConfig } from "../spec/docker.ts";
import { unconfigured, withDefaults } from "./defaults.ts";

const asked = (given: Partial<HostConfig>) => given as HostConfig;
const nofile = (Soft: number) => ({ Name: "nofile", Soft, Hard: Soft });
const core = { Name: "core", Soft: 0, Hard: 0 };

test("what was asked for counts more, limit by limit", () => {
  const defaults = { ...unconfigured, ulimits: [nofile(1), core], init: true, noNewPrivileges: true };
  expect(withDefaults(asked({}), defaults)).toEqual(
    asked({ Init: true, Ulimits: [nofile(1), core], SecurityOpt: ["no-new-privileges"] }),
  );
  const own = { Init: false, Ulimits: [nofile(2)], SecurityOpt: ["no-new-privileges=false"] };
  expect(withDefaults(asked(own), defaults)).toEqual(
    asked({
      Init: false,
      Ulimits: [nofile(2), core],
      SecurityOpt: ["no-new-privileges", "no-new-privileges=false"],
    }),
  );
});
