import { expect, test } from "bun:test";
import { InvalidParameterError } from "../base/errors.ts";
import { digestOfHex } from "../spec/digest.ts";
import { parseImageConfig } from "./image-config.ts";

const diffID = digestOfHex("a".repeat(64));
const parse = (body: unknown) => parseImageConfig(Buffer.from(JSON.stringify(body)));
const rootfs = { type: "layers", diff_ids: [diffID] };

test("parseImageConfig: what it does not know it keeps", () => {
  const body = {
    architecture: "amd64",
    os: "linux",
    rootfs,
    config: { Cmd: null, Env: ["A=1"] },
    extra: { a: 1 },
  };
  expect(parse(body)).toEqual(body as never);
});

test("parseImageConfig: a config that says little means Linux and nothing to run", () => {
  expect(parse({ rootfs })).toMatchObject({ os: "linux", architecture: "", rootfs });
  expect(parse({ rootfs: { type: "layers", diff_ids: null } }).rootfs.diff_ids).toEqual([]);
});

const refused: readonly (readonly [body: unknown, message: string])[] = [
  [[], "invalid image config: it is no object"],
  [{}, "invalid image config: no rootfs"],
  [{ rootfs: { diff_ids: ["../../etc"] } }, "invalid image config: rootfs.diff_ids are not digests"],
  [{ rootfs: { diff_ids: "x" } }, "invalid image config: rootfs.diff_ids are not digests"],
  [{ rootfs, os: "windows" }, "cannot load windows image on linux"],
  [{ rootfs, config: [] }, "invalid image config: config is no object"],
  [{ rootfs, config: { Env: "A=1" } }, "invalid image config: Env is no list of strings"],
  [{ rootfs, config: { Cmd: [1] } }, "invalid image config: Cmd is no list of strings"],
  [{ rootfs, config: { User: 0 } }, "invalid image config: User is no string"],
  [{ rootfs, config: { Volumes: ["/x"] } }, "invalid image config: Volumes is no object"],
  [{ rootfs, config: { Labels: { a: 1 } } }, "invalid image config: a label is no string"],
  [{ rootfs, history: ["x"] }, "invalid image config: history is no list"],
];

for (const [body, message] of refused)
  test(`parseImageConfig: ${JSON.stringify(body).slice(0, 60)} is refused`, () => {
    expect(() => parse(body)).toThrow(new InvalidParameterError(message));
  });

test("parseImageConfig: what is no JSON is refused", () => {
  expect(() => parseImageConfig(Buffer.from("{"))).toThrow(InvalidParameterError);
});
