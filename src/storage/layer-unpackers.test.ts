import { expect, test } from "bun:test";
import { BlobProgress } from "./layer-unpackers.ts";

test("BlobProgress: what one side says is there, the other sees", () => {
  const writer = new BlobProgress();
  const reader = new BlobProgress(writer.shared);
  writer.available = 5_000_000_000;
  expect(reader.waitForMore(4_999_999_999)).toBe(5_000_000_000);
  reader.read = 5_000_000_000;
  expect(writer.read).toBe(5_000_000_000);
});

test("BlobProgress: what was given up stays so, even when one more piece arrives", () => {
  const writer = new BlobProgress();
  writer.available = 10;
  new BlobProgress(writer.shared).giveUp();
  writer.available = 20;
  expect(new BlobProgress(writer.shared).waitForMore(0)).toBeUndefined();
});
