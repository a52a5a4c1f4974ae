import { afterAll, expect, test } from "bun:test";
import { mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { NotFoundError, SystemError } from "../base/errors.ts";
import { digestHex, digestOf } from "../spec/digest.ts";
import { deleteBlob, openContentStore, putBlob, readBlob } from "./content-store.ts";

const root = mkdtempSync(join(tmpdir(), "sampan-content-"));
afterAll(() => rmSync(root, { recursive: true }));
const store = openContentStore(root);

test("a blob is found by its digest, for the owner only, and putting it again changes nothing", () => {
  const digest = putBlob(store, Buffer.from("hello"));
  expect(digest).toBe("sha256:2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824");
  expect(putBlob(store, Buffer.from("hello"))).toBe(digest);
  expect(Buffer.from(readBlob(store, digest)).toString()).toBe("hello");
  expect(statSync(join(store.folder, digestHex(digest))).mode & 0o777).toBe(0o600);
  expect(readdirSync(store.folder)).toEqual([digestHex(digest)]);
});

test("a blob that was changed on disk is an error, not an answer", () => {
  const digest = putBlob(store, Buffer.from("true"));
  writeFileSync(join(store.folder, digestHex(digest)), "false");
  expect(() => readBlob(store, digest)).toThrow(SystemError);
  putBlob(store, Buffer.from("true"));
  expect(Buffer.from(readBlob(store, digest)).toString()).toBe("true");
});

test("a deleted blob is not found, and can be deleted again", () => {
  const digest = putBlob(store, Buffer.from("gone"));
  deleteBlob(store, digest);
  deleteBlob(store, digest);
  expect(() => readBlob(store, digest)).toThrow(NotFoundError);
  expect(() => readBlob(store, digestOf(Buffer.from("never")))).toThrow(NotFoundError);
});
