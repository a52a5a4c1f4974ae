import { describe, expect, test } from "bun:test";
import { InvalidParameterError } from "../base/errors.ts";
import type { GenericSchema } from "valibot";
import type { CreateContainerBody } from "../spec/docker.ts";
import { createBody, execCreateBody, updateBody } from "./bodies.ts";
import { decodeJson } from "./decode.ts";

const create = (value: unknown): CreateContainerBody => decodeJson(createBody, JSON.stringify(value));

describe("decodeJson: Go's rules", () => {
  test("keys match in any case and the last spelling wins", () => {
    expect(decodeJson(createBody, `{"image":"a","TTY":true,"Image":"b","hostconfig":{"MEMORY":1}}`)).toEqual({
      Image: "b",
      Tty: true,
      HostConfig: { Memory: 1 },
    });
  });

  test("null is the same as absent, and takes nothing back", () => {
    expect(decodeJson(createBody, `{"Image":"a","image":null,"Cmd":null,"HostConfig":null}`)).toEqual({
      Image: "a",
    });
    expect(decodeJson(createBody, "null")).toEqual({});
  });

  test("unknown keys are ignored at every depth", () => {
    expect(create({ Image: "a", Frobnicate: [1], HostConfig: { KernelMemory: 5, Memory: 1 } })).toEqual({
      Image: "a",
      HostConfig: { Memory: 1 },
    });
  });

  test("missing fields of a struct get zero values", () => {
    expect(
      create({ HostConfig: { PortBindings: { "80/tcp": [{ HostPort: "8080" }], "81/tcp": null } } }),
    ).toEqual({
      HostConfig: { PortBindings: { "80/tcp": [{ HostIp: "", HostPort: "8080" }], "81/tcp": null } },
    });
    expect(create({ HostConfig: { Ulimits: [{ Name: "nofile" }], RestartPolicy: {} } }).HostConfig).toEqual({
      Ulimits: [{ Name: "nofile", Hard: 0, Soft: 0 }],
      RestartPolicy: { Name: "", MaximumRetryCount: 0 },
    });
  });

  test("null inside lists and maps is a zero value", () => {
    expect(create({ Env: ["A=1", null], ExposedPorts: { "80/tcp": null }, Labels: { a: null } })).toEqual({
      Env: ["A=1", ""],
      ExposedPorts: { "80/tcp": {} },
      Labels: { a: "" },
    });
    expect(create({ NetworkingConfig: { EndpointsConfig: { web: null } } })).toEqual({
      NetworkingConfig: { EndpointsConfig: { web: {} } },
    });
  });

  test("a command may be one text", () => {
    expect(create({ Cmd: "ls", Entrypoint: ["a", "b"] })).toEqual({ Cmd: ["ls"], Entrypoint: ["a", "b"] });
  });

  test("labels with the names of object members are kept as labels", () => {
    const { Labels = {} } = decodeJson(
      createBody,
      `{"Labels":{"__proto__":"x","constructor":"y","toString":"z"}}`,
    );
    expect(Object.entries(Labels)).toEqual([
      ["__proto__", "x"],
      ["constructor", "y"],
      ["toString", "z"],
    ]);
    expect(Object.getPrototypeOf(Labels)).toBe(Object.prototype);
  });

  test("a struct or map that comes twice is put together, the rest is replaced", () => {
    expect(
      decodeJson(
        createBody,
        `{"HostConfig":{"Memory":1,"Binds":["a"]},"Labels":{"a":"1","b":"2"},"hostConfig":{"CpuShares":2,"Binds":["b"]},"Labels":{"b":"3"}}`,
      ),
    ).toEqual({
      HostConfig: { Memory: 1, CpuShares: 2, Binds: ["b"] },
      Labels: { a: "1", b: "3" },
    });
  });

  test("a pair takes what is there", () => {
    const sizeOf = (text: string): unknown =>
      decodeJson(createBody, `{"HostConfig":{"ConsoleSize":${text}}}`).HostConfig;
    expect(sizeOf("[24,80,1]")).toEqual({ ConsoleSize: [24, 80] });
    expect(sizeOf("[24]")).toEqual({ ConsoleSize: [24, 0] });
  });

  test("the largest numbers", () => {
    expect(decodeJson(createBody, `{"HostConfig":{"Memory":9223372036854775807}}`)).toEqual({
      HostConfig: { Memory: 2 ** 63 - 1024 },
    });
  });

  test("an omitted list differs from an empty one", () => {
    expect(decodeJson(updateBody, `{"BlkioWeightDevice":[]}`)).toEqual({ BlkioWeightDevice: [] });
    expect(decodeJson(updateBody, `{"BlkioWeightDevice":null}`)).toEqual({});
  });
});

describe("decodeJson: refusals", () => {
  const at = (path: string): string => `Go struct field ${path}`;
  const cases: readonly [string, string][] = [
    ["[]", "array into Go value of type container.CreateRequest"],
    [`"x"`, "string into Go value of type container.CreateRequest"],
    ["1", "number into Go value of type container.CreateRequest"],
    ["true", "bool into Go value of type container.CreateRequest"],
    [`{"Tty":"yes"}`, `string into ${at("CreateRequest.Tty")} of type bool`],
    [`{"tty":1}`, `number into ${at("CreateRequest.Tty")} of type bool`],
    [`{"Image":5.5}`, `number into ${at("CreateRequest.Image")} of type string`],
    [`{"Env":"A=1"}`, `string into ${at("CreateRequest.Env")} of type []string`],
    [`{"Env":[true]}`, `bool into ${at("CreateRequest.Env")} of type string`],
    [`{"Labels":["a"]}`, `array into ${at("CreateRequest.Labels")} of type map[string]string`],
    [`{"Labels":{"a":1}}`, `number into ${at("CreateRequest.Labels")} of type string`],
    [
      `{"ExposedPorts":["80"]}`,
      `array into ${at("CreateRequest.ExposedPorts")} of type map[string]struct {}`,
    ],
    [`{"Cmd":{"a":1}}`, `object into ${at("CreateRequest.Cmd")} of type string`],
    [`{"Cmd":[1]}`, `array into ${at("CreateRequest.Cmd")} of type string`],
    [`{"HostConfig":[]}`, `array into ${at("CreateRequest.HostConfig")} of type container.HostConfig`],
    [`{"HostConfig":{"Memory":"1"}}`, `string into ${at("HostConfig.HostConfig.Memory")} of type int64`],
    ...["1.5", "1.0", "1e3", "1e300", "9223372036854775808", "-9223372036854775809"].map(
      (number): [string, string] => [
        `{"HostConfig":{"Memory":${number}}}`,
        `number ${number} into ${at("HostConfig.HostConfig.Memory")} of type int64`,
      ],
    ),
    [
      `{"HostConfig":{"BlkioWeight":70000}}`,
      `number 70000 into ${at("HostConfig.HostConfig.BlkioWeight")} of type uint16`,
    ],
    [
      `{"HostConfig":{"PortBindings":{"80/tcp":[{"HostPort":80}]}}}`,
      `number into ${at("PortBinding.HostConfig.PortBindings.HostPort")} of type string`,
    ],
    [
      `{"HostConfig":{"ConsoleSize":[1,-2]}}`,
      `number -2 into ${at("HostConfig.HostConfig.ConsoleSize")} of type uint`,
    ],
    [
      `{"Healthcheck":{"Interval":"5s"}}`,
      `string into ${at("HealthConfig.Healthcheck.Interval")} of type time.Duration`,
    ],
    [
      `{"NetworkingConfig":{"EndpointsConfig":{"a":5}}}`,
      `number into ${at("NetworkingConfig.NetworkingConfig.EndpointsConfig")} of type network.EndpointSettings`,
    ],
  ];
  for (const [text, message] of cases)
    test(text, () => {
      expect(() => decodeJson(createBody, text)).toThrow(
        new InvalidParameterError(`invalid JSON: json: cannot unmarshal ${message}`),
      );
    });

  test("text after the value is refused", () => {
    expect(() => decodeJson(createBody, "{} {}")).toThrow(InvalidParameterError);
  });
});

describe("decodeJson: properties", () => {
  /** A small repeatable source of randomness. */
  function source(seed: number): (below: number) => number {
    let state = seed + 1;
    return (below) => (state = (state * 48271) % 2147483647) % below;
  }
  const keys = [
    "Image",
    "tty",
    "Env",
    "HostConfig",
    "Memory",
    "PortBindings",
    "Mounts",
    "Cmd",
    "Labels",
    "x",
    "__proto__",
  ];

  function anyJson(next: (below: number) => number, depth: number): unknown {
    const kinds = depth > 4 ? 5 : 7;
    switch (next(kinds)) {
      case 0:
        return null;
      case 1:
        return next(2) === 0;
      case 2:
        return (next(2000) - 1000) / (1 + next(3));
      case 3:
        return "text";
      case 4:
        return "";
      case 5:
        return Array.from({ length: next(4) }, () => anyJson(next, depth + 1));
      default:
        return Object.fromEntries(
          Array.from({ length: next(6) }, () => [keys[next(keys.length)], anyJson(next, depth + 1)]),
        );
    }
  }

  test("any JSON decodes or is refused as the caller's mistake, and decoding again changes nothing", () => {
    let accepted = 0;
    for (let seed = 0; seed < 20_000; seed++) {
      const text = JSON.stringify(anyJson(source(seed), 0));
      for (const schema of [createBody, execCreateBody, updateBody] as GenericSchema[]) {
        let once: unknown;
        try {
          once = decodeJson(schema, text);
        } catch (err) {
          if (!(err instanceof InvalidParameterError)) throw err;
          continue;
        }
        accepted += 1;
        expect(decodeJson(schema, JSON.stringify(once))).toEqual(once);
      }
    }
    expect(accepted).toBeGreaterThan(1000);
  });

  test("a body cut off anywhere is refused as the caller's mistake", () => {
    const whole = JSON.stringify({
      Image: "a",
      Env: ["A=\u{1f6a2}"],
      HostConfig: { Memory: 5, Mounts: [{ Type: "bind" }] },
    });
    for (let length = 0; length < whole.length; length++)
      expect(() => decodeJson(createBody, whole.slice(0, length))).toThrow(InvalidParameterError);
  });
});
