import { expect, test } from "bun:test";
import type { ContainerConfig } from "../spec/docker.ts";
import { committedConfig } from "./commit-config.ts";

const container = {
  Hostname: "abc",
  User: "alice",
  Env: ["A=1", "B=1"],
  Cmd: ["run"],
  Entrypoint: ["/entry"],
  Labels: { a: "1" },
  ExposedPorts: { "80/tcp": {} },
  Volumes: null,
  WorkingDir: "",
} satisfies Partial<ContainerConfig>;

test("committedConfig: with nothing asked for it is the container's, without what is of this machine", () => {
  expect(committedConfig(container, undefined, [])).toEqual({
    User: "alice",
    Env: ["A=1", "B=1"],
    Cmd: ["run"],
    Entrypoint: ["/entry"],
    Labels: { a: "1" },
    ExposedPorts: { "80/tcp": {} },
  });
});

test("committedConfig: names with values are merged one by one, what was asked for comes first", () => {
  const asked = { Env: ["B=2", "C=2"], Labels: { b: "2" }, ExposedPorts: { "53/udp": {} }, User: "" };
  expect(committedConfig(container, asked, ["VOLUME /v"])).toMatchObject({
    User: "alice",
    Env: ["B=2", "C=2", "A=1"],
    Labels: { a: "1", b: "2" },
    ExposedPorts: { "80/tcp": {}, "53/udp": {} },
    Volumes: { "/v": {} },
  });
});

test("committedConfig: another entrypoint has no use for the container's command", () => {
  expect(committedConfig(container, { Entrypoint: ["/other"] }, [])).toMatchObject({
    Entrypoint: ["/other"],
    Cmd: null,
  });
  expect(committedConfig(container, undefined, ['ENTRYPOINT ["/other"]'])).toMatchObject({ Cmd: null });
  expect(committedConfig(container, { Cmd: ["other"] }, [])).toMatchObject({
    Entrypoint: ["/entry"],
    Cmd: ["other"],
  });
});

test("committedConfig: changes see the container's variables", () => {
  expect(committedConfig(container, undefined, ["ENV D=$A-$B"]).Env).toEqual(["A=1", "B=1", "D=1-1"]);
});
