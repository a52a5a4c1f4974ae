import { expect, test } from "bun:test";
import { ConflictError, InvalidParameterError } from "../../base/errors.ts";
import type { HostConfig, UpdateContainerBody } from "../../spec/docker.ts";
import { containerSettings } from "../settings.ts";
import { context, facts } from "./example-facts.ts";
import { updatedHostConfig } from "./update.ts";

const MiB = 2 ** 20;

function withHost(HostConfig: Partial<HostConfig>): HostConfig {
  return containerSettings({ Cmd: ["true"], HostConfig }, context).hostConfig;
}

test("updatedHostConfig: changes what is given and nothing else", () => {
  const before = withHost({ Memory: 10 * MiB, CpuShares: 5, PidsLimit: 7, BlkioWeight: 100 });
  const body = { Memory: 12 * MiB, MemorySwap: -1, CpuShares: 0, CpusetCpus: "", BlkioWeight: 200 };
  expect(updatedHostConfig(before, body, facts).hostConfig).toEqual({
    ...before,
    Memory: 12 * MiB,
    MemorySwap: -1,
    BlkioWeight: 200,
  });
});

test.each([
  [{ PidsLimit: 9 }, 9],
  [{ PidsLimit: 0 }, null],
  [{ PidsLimit: -1 }, null],
  [{}, 7],
] as [UpdateContainerBody, number | null][])(
  "updatedHostConfig: %j makes a limit of 7 processes %p",
  (body, limit) => {
    expect(updatedHostConfig(withHost({ PidsLimit: 7 }), body, facts).hostConfig.PidsLimit).toBe(limit);
  },
);

test("updatedHostConfig: an empty list takes limits of devices away", () => {
  const before = withHost({ BlkioDeviceReadBps: [{ Path: "/dev/sda", Rate: 5 }] });
  expect(updatedHostConfig(before, { BlkioDeviceReadBps: [] }, facts).hostConfig.BlkioDeviceReadBps).toEqual(
    [],
  );
});

test("updatedHostConfig: another restart policy", () => {
  const RestartPolicy = { Name: "on-failure", MaximumRetryCount: 3 } as const;
  expect(updatedHostConfig(withHost({}), { RestartPolicy }, facts).hostConfig.RestartPolicy).toEqual(
    RestartPolicy,
  );
});

test.each([
  [
    { CpuPeriod: 5000 },
    { NanoCpus: 1e9 },
    "Conflicting options: Nano CPUs cannot be updated as CPU Period has already been set",
  ],
  [
    { CpuQuota: 5000 },
    { NanoCpus: 1e9 },
    "Conflicting options: Nano CPUs cannot be updated as CPU Quota has already been set",
  ],
  [
    { NanoCpus: 1e9 },
    { CpuPeriod: 5000 },
    "Conflicting options: CPU Period cannot be updated as NanoCPUs has already been set",
  ],
  [
    { NanoCpus: 1e9 },
    { CpuQuota: 5000 },
    "Conflicting options: CPU Quota cannot be updated as NanoCPUs has already been set",
  ],
  [
    { Memory: 10 * MiB },
    { Memory: 30 * MiB },
    "Memory limit should be smaller than already set memoryswap limit, update the memoryswap at the same time",
  ],
  [
    { AutoRemove: true },
    { RestartPolicy: { Name: "always" } },
    "Restart policy cannot be updated because AutoRemove is enabled for the container",
  ],
] as [Partial<HostConfig>, UpdateContainerBody, string][])(
  "updatedHostConfig: %j against %j is a conflict",
  (set, body, message) => {
    expect(() => updatedHostConfig(withHost(set), body, facts)).toThrow(new ConflictError(message));
  },
);

test("updatedHostConfig: what makes no sense at create makes none now", () => {
  expect(() => updatedHostConfig(withHost({}), { Memory: 5 }, facts)).toThrow(
    new InvalidParameterError("Minimum memory limit allowed is 6MB"),
  );
});
