// Bodies and complaints here are those of Docker's client 28.2.2, taken down from its requests.
import { describe, expect, test } from "bun:test";
import { resolve } from "node:path";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { CreateContainerBody } from "../../spec/docker.ts";
import { CommandError, FlagError, InvalidValueError } from "../failure.ts";
import { parseFlags } from "../flag-parser.ts";
import { flagsOf } from "../flags.ts";
import { runFlags } from "../table/run-flags.ts";
import { readCreateRequest } from "./create-body.ts";

const env = { FOO: "fooval" };

async function read(...words: readonly string[]) {
  const { values, operands } = parseFlags(runFlags, [...words, "busybox"], true);
  return await readCreateRequest(flagsOf(runFlags, values), operands, { env, apiSocket: "/run/s.sock" });
}

async function failureOf(promise: Promise<unknown>): Promise<unknown> {
  return await promise.then(
    () => undefined,
    (err: unknown) => err,
  );
}

/** The body without what every body has. */
async function body(...words: readonly string[]): Promise<Partial<CreateContainerBody>> {
  const { Image, AttachStdin, AttachStdout, AttachStderr, Tty, OpenStdin, StdinOnce, HostConfig, ...rest } = (
    await read(...words)
  ).body;
  const { RestartPolicy, NetworkMode, ...host } = HostConfig ?? {};
  const flags = { AttachStdin, AttachStdout, AttachStderr, Tty, OpenStdin, StdinOnce };
  expect({ Image, RestartPolicy, flags }).toEqual({
    Image: "busybox",
    RestartPolicy: { Name: "no", MaximumRetryCount: 0 },
    flags: {
      AttachStdin: false,
      AttachStdout: true,
      AttachStderr: true,
      Tty: false,
      OpenStdin: false,
      StdinOnce: false,
    },
  });
  return { ...rest, HostConfig: { ...host, ...(NetworkMode !== "default" && { NetworkMode }) } };
}

const host = (HostConfig: Record<string, unknown>) => ({ HostConfig });
type Row = [line: string, body: Record<string, unknown>];

describe("what was asked for, and nothing else, is in the body", () => {
  const rows: Row[] = [
    ["--entrypoint /bin/sh", { Entrypoint: ["/bin/sh"], ...host({}) }],
    ["--entrypoint=", { Entrypoint: [""], ...host({}) }],
    [
      "-u 1:2 -w /x -h hh --domainname dd",
      { User: "1:2", WorkingDir: "/x", Hostname: "hh", Domainname: "dd", ...host({}) },
    ],
    ["--stop-signal INT --stop-timeout 0", { StopSignal: "INT", StopTimeout: 0, ...host({}) }],
    ["--init", host({ Init: true })],
    ["--init=false", host({ Init: false })],
    [
      "--rm --privileged --read-only -P",
      host({ AutoRemove: true, Privileged: true, ReadonlyRootfs: true, PublishAllPorts: true }),
    ],
    ["-e A=1 -e FOO -e NOPE -e B=", { Env: ["A=1", "FOO=fooval", "NOPE", "B="], ...host({}) }],
    ["-l a=b -l c -l d=e=f", { Labels: { a: "b", c: "", d: "e=f" }, ...host({}) }],
    [
      "--cap-add net_admin --cap-add CAP_SYS_TIME --cap-drop ALL",
      host({ CapAdd: ["CAP_NET_ADMIN", "CAP_SYS_TIME"], CapDrop: ["ALL"] }),
    ],
    [
      "--security-opt no-new-privileges --security-opt label:disable",
      host({ SecurityOpt: ["no-new-privileges", "label:disable"] }),
    ],
    ["--security-opt systempaths=unconfined", host({ MaskedPaths: [], ReadonlyPaths: [] })],
    [
      "--pid host --ipc host --uts host --userns host --cgroupns host",
      host({ PidMode: "host", IpcMode: "host", UTSMode: "host", UsernsMode: "host", CgroupnsMode: "host" }),
    ],
    ["--pid container:x", host({ PidMode: "container:x" })],
    [
      "-v /a:/b:ro -v /c -v name:/d:z",
      { Volumes: { "/c": {} }, ...host({ Binds: ["/a:/b:ro", "name:/d:z"] }) },
    ],
    ["-v ./x:/y", host({ Binds: [`${resolve("x")}:/y`] })],
    ["--tmpfs /x --tmpfs /y:size=1m,noexec", host({ Tmpfs: { "/x": "", "/y": "size=1m,noexec" } })],
    [
      "--shm-size 64m -m 512m --memory-reservation 100m --memory-swap -1",
      host({ ShmSize: 67108864, Memory: 536870912, MemoryReservation: 104857600, MemorySwap: -1 }),
    ],
    ["--memory-swappiness 0", host({ MemorySwappiness: 0 })],
    [
      "--cpus 1.5 -c 512 --cpu-period 1000 --cpu-quota -1 --cpuset-cpus 0-1",
      host({ NanoCpus: 1500000000, CpuShares: 512, CpuPeriod: 1000, CpuQuota: -1, CpusetCpus: "0-1" }),
    ],
    ["--pids-limit -1", host({ PidsLimit: -1 })],
    [
      "--ulimit nofile=1024 --ulimit nproc=10:20 --ulimit core=-1",
      host({
        Ulimits: [
          { Name: "core", Soft: -1, Hard: -1 },
          { Name: "nofile", Soft: 1024, Hard: 1024 },
          { Name: "nproc", Soft: 10, Hard: 20 },
        ],
      }),
    ],
    ["--sysctl net.ipv4.ip_forward=1", host({ Sysctls: { "net.ipv4.ip_forward": "1" } })],
    ["--oom-kill-disable --oom-score-adj -5", host({ OomKillDisable: true, OomScoreAdj: -5 })],
    [
      "--blkio-weight 100 --blkio-weight-device /dev/sda:200",
      host({ BlkioWeight: 100, BlkioWeightDevice: [{ Path: "/dev/sda", Weight: 200 }] }),
    ],
    [
      "--device-read-bps /dev/sda:1mb --device-write-iops /dev/sda:20",
      host({
        BlkioDeviceReadBps: [{ Path: "/dev/sda", Rate: 1048576 }],
        BlkioDeviceWriteIOps: [{ Path: "/dev/sda", Rate: 20 }],
      }),
    ],
    [
      "--device /dev/null --device /dev/full:r --device /dev/a:/dev/b:rw",
      host({
        Devices: [
          { PathOnHost: "/dev/null", PathInContainer: "/dev/null", CgroupPermissions: "rwm" },
          { PathOnHost: "/dev/full", PathInContainer: "/dev/full", CgroupPermissions: "r" },
          { PathOnHost: "/dev/a", PathInContainer: "/dev/b", CgroupPermissions: "rw" },
        ],
      }),
    ],
    [
      "--device vendor.com/class=dev1",
      host({
        DeviceRequests: [
          {
            Driver: "cdi",
            Count: 0,
            DeviceIDs: ["vendor.com/class=dev1"],
            Capabilities: null,
            Options: null,
          },
        ],
      }),
    ],
    [
      "--gpus all",
      host({
        DeviceRequests: [{ Driver: "", Count: -1, DeviceIDs: null, Capabilities: [["gpu"]], Options: {} }],
      }),
    ],
    [
      '--gpus "device=0,1"',
      host({
        DeviceRequests: [
          { Driver: "", Count: 0, DeviceIDs: ["0", "1"], Capabilities: [["gpu"]], Options: {} },
        ],
      }),
    ],
    [
      "--log-driver json-file --log-opt max-size=1m",
      host({ LogConfig: { Type: "json-file", Config: { "max-size": "1m" } } }),
    ],
    [
      "--health-cmd true --health-interval 5s --health-retries 3",
      { Healthcheck: { Test: ["CMD-SHELL", "true"], Interval: 5e9, Retries: 3 }, ...host({}) },
    ],
    ["--no-healthcheck", { Healthcheck: { Test: ["NONE"] }, ...host({}) }],
    [
      "-p 8080:80",
      {
        ExposedPorts: { "80/tcp": {} },
        ...host({ PortBindings: { "80/tcp": [{ HostIp: "", HostPort: "8080" }] } }),
      },
    ],
    [
      "-p 127.0.0.1::80/udp",
      {
        ExposedPorts: { "80/udp": {} },
        ...host({ PortBindings: { "80/udp": [{ HostIp: "127.0.0.1", HostPort: "" }] } }),
      },
    ],
    [
      "-p [::1]:1:2",
      {
        ExposedPorts: { "2/tcp": {} },
        ...host({ PortBindings: { "2/tcp": [{ HostIp: "::1", HostPort: "1" }] } }),
      },
    ],
    [
      "-p 8000-8010:80",
      {
        ExposedPorts: { "80/tcp": {} },
        ...host({ PortBindings: { "80/tcp": [{ HostIp: "", HostPort: "8000-8010" }] } }),
      },
    ],
    [
      "-p 8000-8001:80-81",
      {
        ExposedPorts: { "80/tcp": {}, "81/tcp": {} },
        ...host({
          PortBindings: {
            "80/tcp": [{ HostIp: "", HostPort: "8000" }],
            "81/tcp": [{ HostIp: "", HostPort: "8001" }],
          },
        }),
      },
    ],
    [
      "-p target=80,published=8080,protocol=udp",
      {
        ExposedPorts: { "80/udp": {} },
        ...host({ PortBindings: { "80/udp": [{ HostIp: "", HostPort: "8080" }] } }),
      },
    ],
    [
      "--expose 80 --expose 100-101/udp",
      { ExposedPorts: { "80/tcp": {}, "100/udp": {}, "101/udp": {} }, ...host({}) },
    ],
    ["--network host", host({ NetworkMode: "host" })],
    [
      "--net foo --network-alias a --ip 1.2.3.4",
      {
        NetworkingConfig: {
          EndpointsConfig: { foo: { IPAMConfig: { IPv4Address: "1.2.3.4" }, Aliases: ["a"] } },
        },
        ...host({ NetworkMode: "foo" }),
      },
    ],
    [
      "--network name=foo,alias=x,gw-priority=5 --network bar",
      {
        NetworkingConfig: { EndpointsConfig: { foo: { Aliases: ["x"], GwPriority: 5 }, bar: {} } },
        ...host({ NetworkMode: "foo" }),
      },
    ],
    [
      "--mac-address 92:d0:c6:0a:29:33",
      {
        NetworkingConfig: { EndpointsConfig: { default: { MacAddress: "92:d0:c6:0a:29:33" } } },
        ...host({}),
      },
    ],
    ["--link a --link b:c", host({ Links: ["a", "b:c"] })],
    [
      "--dns 1.1.1.1 --dns-option ndots:2 --dns-search example.com",
      host({ Dns: ["1.1.1.1"], DnsOptions: ["ndots:2"], DnsSearch: ["example.com"] }),
    ],
    [
      "--add-host a:1.2.3.4 --add-host b=::1 --add-host d:[::1] --add-host c:host-gateway",
      host({ ExtraHosts: ["a:1.2.3.4", "b:::1", "d:::1", "c:host-gateway"] }),
    ],
    [
      "--mount type=bind,src=/a,dst=/b,ro,bind-propagation=rshared",
      host({
        Mounts: [
          {
            Type: "bind",
            Source: "/a",
            Target: "/b",
            ReadOnly: true,
            BindOptions: { Propagation: "rshared" },
          },
        ],
      }),
    ],
    [
      "--mount target=/b,volume-nocopy,volume-driver=d,volume-opt=x=y",
      host({
        Mounts: [
          {
            Type: "volume",
            Source: "",
            Target: "/b",
            ReadOnly: false,
            VolumeOptions: { NoCopy: true, DriverConfig: { Name: "d", Options: { x: "y" } } },
          },
        ],
      }),
    ],
    [
      "--mount type=volume,src=v,dst=/d,volume-subpath=a/b",
      host({
        Mounts: [
          {
            Type: "volume",
            Source: "v",
            Target: "/d",
            ReadOnly: false,
            VolumeOptions: { Subpath: "a/b" },
          },
        ],
      }),
    ],
    [
      "--mount type=tmpfs,target=/b,tmpfs-size=64m,tmpfs-mode=1777",
      host({
        Mounts: [
          {
            Type: "tmpfs",
            Source: "",
            Target: "/b",
            ReadOnly: false,
            TmpfsOptions: { SizeBytes: 67108864, Mode: 0o1777 },
          },
        ],
      }),
    ],
    [
      '--mount type=bind,"src=/a,b",target=/c',
      host({ Mounts: [{ Type: "bind", Source: "/a,b", Target: "/c", ReadOnly: false }] }),
    ],
    [
      "--use-api-socket",
      host({
        Mounts: [{ Type: "bind", Source: "/run/s.sock", Target: "/var/run/docker.sock", ReadOnly: false }],
      }),
    ],
  ];
  test.each(rows)("%s", async (line, expected) => {
    expect(await body(...line.split(" "))).toEqual(expected);
  });
});

describe("streams", () => {
  test.each([
    ["-i", { AttachStdin: true, AttachStdout: true, AttachStderr: true, OpenStdin: true, StdinOnce: true }],
    ["-it", { AttachStdin: true, OpenStdin: true, StdinOnce: true, Tty: true }],
    ["-a STDERR", { AttachStdin: false, AttachStdout: false, AttachStderr: true }],
    ["-i -a stdout", { AttachStdin: false, AttachStdout: true, OpenStdin: true, StdinOnce: false }],
  ])("%s", async (line, expected) => {
    expect((await read(...line.split(" "))).body).toMatchObject(expected);
  });
  test("the words behind the image are the command", async () => {
    const { values } = parseFlags(runFlags, [], true);
    const request = await readCreateRequest(flagsOf(runFlags, values), ["busybox", "ls", "-l"], {
      env,
      apiSocket: undefined,
    });
    expect(request.body.Cmd).toEqual(["ls", "-l"]);
  });
});

describe("refused as Docker's client refuses it", () => {
  test.each([
    ["-a foo", "valid streams are STDIN, STDOUT and STDERR"],
    ["-e =x", "invalid environment variable: =x"],
    ["-l =x", "invalid label '=x': empty name"],
    ["--env-file /nonexistent", "open /nonexistent: no such file or directory"],
    ["--restart on-failure:x", "invalid restart policy format: maximum retry count must be an integer"],
    ["--restart :3", "invalid restart policy format: no policy provided before colon"],
    ["--rm --restart always", "conflicting options: cannot specify both --restart and --rm"],
    ["--security-opt foo", 'Invalid --security-opt: "foo"'],
    [
      "--security-opt seccomp=/nonexistent",
      "opening seccomp profile (/nonexistent) failed: open /nonexistent: no such file or directory",
    ],
    ["--pid foo", "--pid: invalid PID mode"],
    ["--uts foo", "--uts: invalid UTS mode"],
    ["--userns foo", "--userns: invalid USER mode"],
    ["--cgroupns foo", "--cgroupns: invalid CGROUP mode"],
    ["--memory-swappiness 500", "invalid value: 500. Valid memory swappiness range is 0-100"],
    ["--ulimit x", "invalid ulimit argument: x"],
    ["--ulimit foo=1", "invalid ulimit type: foo"],
    ["--ulimit nofile=20:10", "ulimit soft limit must be less than or equal to hard limit: 20 > 10"],
    ["--sysctl kernel.foo=1", "sysctl 'kernel.foo=1' is not allowed"],
    ["--blkio-weight-device /dev/sda:5", "invalid weight for device: /dev/sda:5"],
    ["--blkio-weight-device sda:500", "bad format for device path: sda:500"],
    ["--device-read-bps x", "bad format: x"],
    ["--device a:b:c:d", "bad format for path: a:b:c:d"],
    ["--device-cgroup-rule x", "invalid device cgroup format 'x'"],
    ["--gpus foo=bar", "unexpected key 'foo' in 'foo=bar'"],
    ["--storage-opt x", "invalid storage option"],
    ["--log-driver none --log-opt a=b", "invalid logging opts for driver none"],
    ["--no-healthcheck --health-cmd x", "--no-healthcheck conflicts with --health-* options"],
    ["--health-interval -1s", "--health-interval cannot be negative"],
    ["-p a:80", "invalid hostPort: a"],
    ["-p 80:99999", "invalid containerPort: 99999"],
    ["-p 80/foo", "invalid proto: foo"],
    ["-p 1.2.3:80:80", "invalid IP address: 1.2.3"],
    ["-p 8000-8001:80-82", "invalid ranges specified for container and host Ports: 80-82 and 8000-8001"],
    [
      "--expose foo",
      'invalid range format for --expose: foo, error: strconv.ParseUint: parsing "foo": invalid syntax',
    ],
    ["--expose 80:80", "invalid port format for --expose: 80:80"],
    ["--network foo --network foo", 'network "foo" is specified multiple times'],
    [
      "--network host --network bar",
      "conflicting options: cannot attach both user-defined and non-user-defined network-modes",
    ],
    [
      "--network name=foo,ip=1.1.1.1 --ip 1.1.1.2",
      "conflicting options: cannot specify both --ip and per-network IPv4 address",
    ],
    ["--mac-address x", "x is not a valid mac address"],
    ["--link a:b:c", "bad format for links: a:b:c"],
    ["--dns x", "IP address is not correctly formatted: x"],
    ["--add-host foo", 'bad format for add-host: "foo"'],
    ["--add-host foo:bar", 'invalid IP address in add-host: "bar"'],
    ["--mount foo", "invalid field 'foo' must be a key=value pair"],
    ["--mount foo=bar", "unexpected key 'foo' in 'foo=bar'"],
    ["--mount type=bind,src=/a", "target is required"],
    ["--mount type=,target=/x", "type is required"],
    ["--mount target=/b,readonly=maybe", "invalid value for readonly: maybe"],
    [
      "--mount type=bind,src=/a,target=/b,volume-nocopy",
      "cannot mix 'volume-*' options with mount type 'bind'",
    ],
    ["-v :/x", "invalid spec: :/x: empty section between colons"],
  ])("%s", async (line, message) => {
    const failure = await failureOf(read(...line.split(" ")));
    expect(failure).toBeInstanceOf(Error);
    expect([CommandError, InvalidValueError, FlagError].some((kind) => failure instanceof kind)).toBe(true);
    expect((failure as Error).message).toBe(message);
  });
});

describe("files", () => {
  test("variables and labels are read line by line, without comments", async () => {
    const directory = mkdtempSync(join(tmpdir(), "sampan-cli-"));
    try {
      const path = join(directory, "file");
      writeFileSync(path, "\uFEFFA=1\n# comment\n\nFOO\nNOPE\n  B=two words\r\n");
      expect((await read("--env-file", path, "-e", "Z=1")).body.Env).toEqual([
        "A=1",
        "FOO=fooval",
        "B=two words",
        "Z=1",
      ]);
      expect((await read("--label-file", path)).body.Labels).toEqual({
        A: "1",
        FOO: "",
        NOPE: "",
        B: "two words",
      });
      writeFileSync(path, "bad key=1\n");
      expect(await failureOf(read("--env-file", path))).toMatchObject({
        message: `invalid env file (${path}): variable 'bad key' contains whitespaces`,
      });
    } finally {
      rmSync(directory, { recursive: true });
    }
  });
});
