import { afterEach, beforeEach, expect, test } from "bun:test";
import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { InvalidParameterError, NotFoundError } from "../base/errors.ts";
import { realHost } from "../base/host.ts";
import { silentLog } from "../base/log.ts";
import type { HostConfig } from "../spec/docker.ts";
import { ContainerStore } from "./container-store.ts";
import type { ContainerRecord } from "./record.ts";
import { transition } from "./state.ts";

const host = realHost(silentLog);
const idA = `a1${"0".repeat(62)}`;
const idB = `a2${"0".repeat(62)}`;
let root: string;

beforeEach(() => (root = mkdtempSync(join(tmpdir(), "sampan-store-"))));
afterEach(() => rmSync(root, { recursive: true }));

function newContainer(store: ContainerStore, id: string, name: string): ContainerRecord {
  const hostConfig: Partial<HostConfig> = {
    AutoRemove: false,
    RestartPolicy: { Name: "no", MaximumRetryCount: 0 },
  };
  const record: Partial<ContainerRecord> = {
    id,
    name,
    hostConfig: hostConfig as HostConfig,
    state: { status: "created" },
  };
  mkdirSync(store.folder(id));
  store.add(record as ContainerRecord);
  return record as ContainerRecord;
}

test("find: by id, name with and without slash, and unique prefix", () => {
  const store = ContainerStore.open(root, host);
  newContainer(store, idA, "web");
  newContainer(store, idB, "db");
  for (const ref of [idA, "web", "/web", "a1"]) expect(store.find(ref).id).toBe(idA);
});

test("find: a name wins over the prefix of another's id", () => {
  const store = ContainerStore.open(root, host);
  newContainer(store, idA, "web");
  newContainer(store, idB, "a1");
  expect(store.find("a1").id).toBe(idB);
});

test.each([
  ["nothing", NotFoundError, "No such container: nothing"],
  ["", NotFoundError, "No such container: "],
  ["a", InvalidParameterError, "multiple IDs found with provided prefix: a"],
])("find: refuses %p", (ref, kind, message) => {
  const store = ContainerStore.open(root, host);
  newContainer(store, idA, "web");
  newContainer(store, idB, "db");
  const find = (): ContainerRecord => store.find(ref);
  expect(find).toThrow(kind);
  expect(find).toThrow(message);
});

test("open: finds what add and update wrote, under the new name only", () => {
  const first = ContainerStore.open(root, host);
  newContainer(first, idA, "web");
  first.update(idA, (record) => ({ ...record, name: "shop" }));
  expect(() => first.find("web")).toThrow(NotFoundError);
  const second = ContainerStore.open(root, host);
  expect(second.all()).toEqual([expect.objectContaining({ id: idA, name: "shop" })]);
});

test.each(["{", "{}", `{"id":"${idB}","name":"x","state":{"status":"created"}}`, "null"])(
  "open: puts a record of %p aside and goes on with the others",
  (content) => {
    const first = ContainerStore.open(root, host);
    newContainer(first, idA, "web");
    newContainer(first, idB, "db");
    writeFileSync(join(first.folder(idA), "config.json"), content);
    const warnings: string[] = [];
    const log = { ...silentLog, warn: (message: string) => void warnings.push(message) };
    const second = ContainerStore.open(root, { ...host, log });
    expect(second.all().map(({ name }) => name)).toEqual(["db"]);
    expect(warnings).toHaveLength(1);
    expect(
      readdirSync(join(root, "containers")).filter((name) => name.startsWith(`${idA}.broken-`)),
    ).toHaveLength(1);
    expect(second.leftovers()).toEqual([]);
  },
);

test("open: of a running container's record that a power cut left empty, the synced one before", () => {
  const first = ContainerStore.open(root, host);
  const start = (pid: number): ContainerRecord =>
    first.update(idA, (record) => ({
      ...record,
      state: transition(record.state, {
        type: "started",
        pid,
        startTime: "1",
        startedAt: "2026-01-01T00:00:00Z",
      }),
    }));
  newContainer(first, idA, "web");
  start(7);
  expect(ContainerStore.open(root, host).find("web").state.status).toBe("running");
  writeFileSync(join(first.folder(idA), "config.json"), "");
  const warnings: string[] = [];
  const log = { ...silentLog, warn: (message: string) => void warnings.push(message) };
  expect(ContainerStore.open(root, { ...host, log }).find("web").state.status).toBe("created");
  expect(warnings).toEqual(["container record cannot be read, taking the one before"]);

  const exited = {
    type: "exited",
    exitCode: 3,
    finishedAt: "",
    oomKilled: false,
    known: true,
    restart: false,
  } as const;
  first.update(idA, (record) => ({ ...record, state: transition(record.state, exited) }));
  start(8);
  writeFileSync(join(first.folder(idA), "config.json"), "");
  expect(ContainerStore.open(root, host).find("web").state).toMatchObject({ status: "exited", exitCode: 3 });
});

test("forget: the container is gone for this store and the next, its folder is a leftover", () => {
  const store = ContainerStore.open(root, host);
  newContainer(store, idA, "web");
  store.forget(idA);
  expect(store.lookUp("web")).toBeUndefined();
  expect(existsSync(store.folder(idA))).toBe(true);
  expect(ContainerStore.open(root, host).leftovers()).toEqual([idA]);
});
