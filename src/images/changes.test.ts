import { expect, test } from "bun:test";
import { InvalidParameterError } from "../base/errors.ts";
import type { ImageRunConfig } from "../spec/oci-image.ts";
import { applyChanges } from "./changes.ts";

const base: ImageRunConfig = {
  Env: ["PATH=/bin", "NAME=world", "EMPTY="],
  Cmd: ["old"],
  WorkingDir: "/srv",
  Labels: { kept: "1" },
};

test("applyChanges: one change may be several lines, as of a Dockerfile", () => {
  const changes = ["ENV A=1\nLABEL x=y\r\n", "# a comment\nENV B=2 \\\n  # another\n  C=3", "\n"];
  expect(applyChanges(base, changes)).toMatchObject({
    Env: [...(base.Env ?? []), "A=1", "B=2", "C=3"],
    Labels: { kept: "1", x: "y" },
  });
});

const rows: readonly (readonly [change: string, result: Partial<ImageRunConfig>])[] = [
  [`CMD ["sh", "-c", "echo $NAME"]`, { Cmd: ["sh", "-c", "echo $NAME"] }],
  ["cmd echo hello", { Cmd: ["/bin/sh", "-c", "echo hello"] }],
  [`CMD ["not json]`, { Cmd: ["/bin/sh", "-c", `["not json]`] }],
  [`ENTRYPOINT ["/init"]`, { Entrypoint: ["/init"], Cmd: null }],
  ["ENV A=1", { Env: [...(base.Env ?? []), "A=1"] }],
  [
    `ENV A=1 B="two words" C=th\\ ree NAME='$PATH'`,
    {
      Env: ["PATH=/bin", "NAME=$PATH", "EMPTY=", "A=1", "B=two words", "C=th ree"],
    },
  ],
  ["ENV GREETING hello  $NAME", { Env: [...(base.Env ?? []), "GREETING=hello  world"] }],
  ['ENV A="x\\"${NAME}y\\$"', { Env: [...(base.Env ?? []), 'A=x"worldy$'] }],
  [
    "ENV A=${MISSING:-or}${MISSING-or2}${EMPTY:-or3}${EMPTY-no}${NAME:+then}${NAME+set}${MISSING:+no}",
    {
      Env: [...(base.Env ?? []), "A=oror2or3thenset"],
    },
  ],
  ["LABEL a=1 b.c='x y' \"d e\"=f", { Labels: { kept: "1", a: "1", "b.c": "x y", "d e": "f" } }],
  ["LABEL greeting hello", { Labels: { kept: "1", greeting: "hello" } }],
  [
    "EXPOSE 80 53/udp 7000-7002/tcp",
    {
      ExposedPorts: { "80/tcp": {}, "53/udp": {}, "7000/tcp": {}, "7001/tcp": {}, "7002/tcp": {} },
    },
  ],
  ["VOLUME /data /$NAME", { Volumes: { "/data": {}, "/world": {} } }],
  [`VOLUME ["/a b"]`, { Volumes: { "/a b": {} } }],
  ["USER 1000:100", { User: "1000:100" }],
  ["WORKDIR sub/../app", { WorkingDir: "/srv/app" }],
  ["WORKDIR /$NAME", { WorkingDir: "/world" }],
  ["STOPSIGNAL SIGQUIT", { StopSignal: "SIGQUIT" }],
  ["ONBUILD RUN make", { OnBuild: ["RUN make"] }],
  ["HEALTHCHECK NONE", { Healthcheck: { Test: ["NONE"] } }],
  [
    "HEALTHCHECK --interval=5s --timeout=1m30s --retries=2 CMD curl -f localhost",
    {
      Healthcheck: {
        Test: ["CMD-SHELL", "curl -f localhost"],
        Interval: 5_000_000_000,
        Timeout: 90_000_000_000,
        Retries: 2,
      },
    },
  ],
  [`HEALTHCHECK CMD ["true"]`, { Healthcheck: { Test: ["CMD", "true"] } }],
  ["  ", {}],
];

for (const [change, result] of rows)
  test(`applyChanges: ${change}`, () => {
    expect(applyChanges(base, [change])).toEqual({ ...base, ...result });
  });

test("applyChanges: one after the other, each sees the environment so far", () => {
  expect(
    applyChanges({}, ["ENV A=1", "ENV B=$A$A", "WORKDIR /$B", "WORKDIR x", "CMD run", `ENTRYPOINT ["e"]`]),
  ).toEqual({
    Env: ["A=1", "B=11"],
    WorkingDir: "/11/x",
    Cmd: ["/bin/sh", "-c", "run"],
    Entrypoint: ["e"],
  });
});

const refused: readonly (readonly [change: string, message: string])[] = [
  ["RUN rm -rf /", "run is not a valid change command"],
  ["FROM scratch", "from is not a valid change command"],
  ["FROBNICATE x", "unknown instruction: FROBNICATE"],
  ["constructor x", "unknown instruction: constructor"],
  ["CMD", "CMD requires at least one argument"],
  ["ENV A", "ENV must have two arguments"],
  ["ENV =x", "ENV names can not be blank"],
  ["ENV A=1 B", `Syntax error - can't find = in "B". Must be of the form: name=value`],
  ['ENV A="x', `failed to process ""x": unexpected end of statement`],
  ["ENV A=${B", `failed to process "\${B": unsupported modifier or missing }`],
  ["EXPOSE 0", "invalid containerPort: 0"],
  ["EXPOSE 80/http", "invalid containerPort: 80/http"],
  ["EXPOSE 90-80", "invalid containerPort: 90-80"],
  ['VOLUME [""]', "VOLUME specified can not be an empty string"],
  ["USER a b", "USER requires exactly one argument"],
  ["STOPSIGNAL !", "Invalid signal: !"],
  ["ONBUILD ONBUILD RUN x", "Chaining ONBUILD via `ONBUILD ONBUILD` isn't allowed"],
  ["ONBUILD FROM x", "FROM isn't allowed as an ONBUILD trigger"],
  ["HEALTHCHECK x", 'Unknown type "x" in HEALTHCHECK (try CMD)'],
  ["HEALTHCHECK CMD", "Missing command after HEALTHCHECK CMD"],
  ["HEALTHCHECK --interval=x CMD y", '--interval: invalid duration "x"'],
  ["HEALTHCHECK --constructor=1 CMD y", "unknown flag: --constructor"],
];

for (const [change, message] of refused)
  test(`applyChanges: ${change} is refused`, () => {
    expect(() => applyChanges(base, [change])).toThrow(new InvalidParameterError(message));
  });
