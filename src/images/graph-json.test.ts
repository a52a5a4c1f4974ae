import { expect, test } from "bun:test";
import type { Digest } from "../spec/digest.ts";
import type { ImageConfig } from "../spec/oci-image.ts";
import { graphJson } from "./graph-json.ts";

const digest = (letter: string): Digest => `sha256:${letter.repeat(64)}`;
const layers = [digest("a"), digest("b")];
const image: ImageConfig = {
  architecture: "amd64",
  os: "linux",
  created: "2026-01-02T00:00:00Z",
  author: "ann",
  docker_version: "28.0.0",
  config: { User: "app", Env: ["A=1"] },
  rootfs: { type: "layers", diff_ids: layers },
  history: [
    { created: "2026-01-01T00:00:00Z", created_by: "debootstrap" },
    { created_by: "/bin/sh -c #(nop) ENV A=1", empty_layer: true },
    { created: "2026-01-02T00:00:00Z", created_by: "/bin/sh -c make install", comment: "done" },
  ],
};

test("graphJson: the lowest layer has no parent, and nothing of the whole image", () => {
  const { container_config, ...rest } = graphJson(layers, 0, image);
  expect(rest).toEqual({ id: "a".repeat(64), created: "2026-01-01T00:00:00Z" });
  expect(container_config).toMatchObject({ User: "", Env: null, Cmd: ["debootstrap"] });
});

test("graphJson: the topmost layer has what is known of the image", () => {
  const { container_config, ...rest } = graphJson(layers, 1, image);
  expect(rest).toEqual({
    id: "b".repeat(64),
    parent: "a".repeat(64),
    comment: "done",
    created: "2026-01-02T00:00:00Z",
    docker_version: "28.0.0",
    author: "ann",
  });
  expect(container_config).toMatchObject({
    User: "app",
    Env: ["A=1"],
    Cmd: ["/bin/sh", "-c", "make install"],
  });
});

test("graphJson: a history that lacks layers tells nothing of one", () => {
  const { created, container_config } = graphJson(layers, 0, { ...image, history: [{ created_by: "x" }] });
  expect([created, container_config.Cmd]).toEqual(["0001-01-01T00:00:00Z", null]);
});
