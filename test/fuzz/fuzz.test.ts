// A short run of the fuzzer; `npm run test:fuzz` makes a long one. SAMPAN_FUZZ_SEED repeats a run.
import { describe, expect, test } from "bun:test";
import { fuzzApi, problemsOf } from "./fuzz-api.ts";
import { isHarmless } from "./harmless.ts";

describe("the gate in front of the daemon", () => {
  const folder = "/tmp/given";
  const harmless = (body: string, target = "/containers/create"): boolean =>
    isHarmless(Buffer.from(`POST ${target} HTTP/1.1\r\nHost: fuzz\r\n\r\n${body}`), folder);

  test.each([
    [`{"Cmd":["true"],"HostConfig":{"Privileged":false,"Devices":[]}}`],
    [`{"HostConfig":{"Binds":["/tmp/given/a:/tmp/given/b:ro","volume:/tmp/given"]}}`],
    [`{"HostConfig":{"Mounts":[{"Type":"bind","Source":"/tmp/given","Target":"/tmp/given/x"}]}}`],
  ])("lets %s pass", (body) => expect(harmless(body)).toBe(true));

  test.each([
    [`{"HostConfig":{"Privileged":true}}`],
    [`{"HostConfig":{"PRIVILEGED" : true}}`],
    [`{"HostConfig":{"Privile\\u0067ed":true}}`],
    [`{"HostConfig":{"Privileged":7,"Privileged":true}}`],
    [`{"HostConfig":{"Binds":["/:/tmp/given"]}}`],
    [`{"HostConfig":{"Binds":["\\/etc:/tmp/given"]}}`],
    [`{"HostConfig":{"Binds":["/tmp/given/../..:/tmp/given"]}}`],
    [`{"HostConfig":{"Mounts":[{"Source":"/tmp/givenaway"}]}}`],
    [`{"HostConfig":{"PidMode":"host"}}`],
    [`{"HostConfig":{"Devices":[{"PathOnHost":"/tmp/given/x"}]}}`],
    [`{"HostConfig":{"CgroupParent":"x"}}`],
    [`{"DriverOpts":{"type":"none","o":"bind"}}`],
  ])("drops %s", (body) => expect(harmless(body)).toBe(false));

  test("drops imports from addresses", () => {
    expect(harmless("", "/images/create?fromSrc=-")).toBe(true);
    expect(harmless("", "/images/create?fromSrc=example.com")).toBe(false);
    expect(harmless("", "/images/create?from%53rc=example.com")).toBe(false);
  });
});

describe("mutated requests", () => {
  const seed = Number(process.env["SAMPAN_FUZZ_SEED"] ?? Date.now() % 2 ** 31);

  test(`kill nothing, leak nothing, and no failure goes unlogged (seed ${seed})`, async () => {
    const report = await fuzzApi({ seed, requests: 1000 });
    expect(report.sent).toBeGreaterThan(700);
    expect(problemsOf(report)).toEqual([]);
    // Some requests wait: for names that nobody looks up, for a stop's time.
  }, 240_000);
});
