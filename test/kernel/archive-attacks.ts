// Known attacks on those who unpack archives. They are unpacked into `PLAYGROUND/layer`; `PLAYGROUND/victim` and
// `PLAYGROUND/outside/victim` must not change.
import type { EntryWithBody } from "../../src/storage/tar-writer.ts";

export const link = (path: string, target: string): EntryWithBody => ({ path, kind: "symlink", target });
export const hard = (path: string, target: string): EntryWithBody => ({ path, kind: "hardlink", target });
export const file = (path: string, body = "evil"): EntryWithBody => ({ path, body });
export const folder = (path: string, mode = 0o755): EntryWithBody => ({ path, kind: "directory", mode });

export type Attack = {
  readonly claim: string;
  readonly entries: readonly EntryWithBody[];
  /** Part of the refusal's text; without one the archive is taken, and harmless. */
  readonly refused?: string;
  /** What find(1) sees inside afterwards. */
  readonly inside?: readonly string[];
};

export const attacks: readonly Attack[] = [
  { claim: "dot-dot prefix", entries: [file("../victim")], refused: "leads out of the layer" },
  { claim: "dot-dot after a folder", entries: [file("a/../../victim")], refused: "leads out of the layer" },
  { claim: "dot-dot folder", entries: [folder("..", 0o777)], refused: "leads out of the layer" },
  { claim: "absolute path", entries: [file("/outside/victim")], inside: ["outside", "outside/victim"] },
  { claim: "many slashes", entries: [file("////victim")], inside: ["victim"] },
  {
    claim: "write through an absolute link",
    entries: [link("l", "/"), file("l/victim")],
    inside: ["l", "victim"],
  },
  {
    claim: "write through a link that climbs",
    entries: [link("l", "../../../../../.."), file("l/victim")],
    inside: ["l", "victim"],
  },
  {
    claim: "write through a link to the folder beside",
    entries: [link("l", "../outside"), file("l/victim")],
    refused: "is not a folder",
  },
  {
    claim: "write through a link to a link",
    entries: [link("a", "b"), link("b", ".."), file("a/outside/victim")],
    inside: ["a", "b", "outside", "outside/victim"],
  },
  {
    claim: "write through a link below a real folder",
    entries: [folder("d"), link("d/l", "../../outside"), folder("outside"), file("d/l/victim")],
    inside: ["d", "d/l", "outside", "outside/victim"],
  },
  {
    claim: "a file in place of a link to the victim",
    entries: [link("f", "../victim"), file("f")],
    inside: ["f"],
  },
  {
    claim: "a folder in place of a link to a folder outside",
    entries: [link("d", "../outside"), folder("d", 0o777), file("d/victim")],
    inside: ["d", "d/victim"],
  },
  {
    claim: "a link swapped in after the folder was opened",
    entries: [folder("d"), file("d/one"), link("d", "../outside"), file("d/victim")],
    refused: "is not a folder",
  },
  { claim: "a link that loops", entries: [link("l", "l"), file("l/x")], refused: "is not a folder" },
  {
    claim: "a link to the process's own root",
    entries: [link("l", "/proc/self/root"), file("l/x")],
    refused: "is not a folder",
  },
  { claim: "a hard link to outside", entries: [hard("h", "../victim")], refused: "leads out of the layer" },
  { claim: "an absolute hard link", entries: [hard("h", "/etc/passwd")], refused: "not in the layer" },
  {
    claim: "a hard link by a symbolic link",
    entries: [link("l", "../.."), hard("h", "l/victim")],
    refused: "not in the layer",
  },
  {
    claim: "a hard link to a symbolic link, then written",
    entries: [link("l", "../victim"), hard("h", "l"), file("h")],
    inside: ["h", "l"],
  },
  { claim: "a hard link to a folder", entries: [folder("d"), hard("h", "d")], refused: "to the folder" },
  { claim: "a hard link to the root", entries: [hard("h", ".")], refused: "to the folder" },
  {
    claim: "a hard link to itself keeps the file",
    entries: [file("f"), hard("f", "./f")],
    inside: ["f"],
  },
  { claim: "whiteout of dot-dot", entries: [file(".wh...")], refused: "invalid whiteout" },
  { claim: "whiteout of dot", entries: [file("a/.wh..")], refused: "invalid whiteout" },
  { claim: "whiteout of nothing", entries: [file(".wh.")], refused: "invalid whiteout" },
  {
    claim: "whiteout by a link to outside",
    entries: [link("l", "../outside"), folder("outside"), file("l/.wh.victim")],
    inside: ["l", "outside", "outside/victim"],
  },
  {
    claim: "opaque by a link to outside",
    entries: [link("l", "../outside"), file("l/.wh..wh..opq")],
    refused: "is not a folder",
  },
  {
    claim: "a folder's mode by a link",
    entries: [link("l", "../outside"), folder("l/.", 0o777)],
    inside: ["l"],
  },
  {
    claim: "a device where a folder should be",
    entries: [{ path: "d", kind: "char", deviceMajor: 1, deviceMinor: 3 }, file("d/x")],
    refused: "is not a folder",
  },
  {
    claim: "a device written to as a file",
    entries: [{ path: "d", kind: "block", deviceMajor: 8, deviceMinor: 0 }, file("d")],
    inside: ["d"],
  },
  {
    claim: "a FIFO does not hold the reader up",
    entries: [{ path: "p", kind: "fifo" }, file("p")],
    inside: ["p"],
  },
  { claim: "a symbolic link to nothing", entries: [link("l", "")], refused: "to nothing" },
  { claim: "the root as a file", entries: [file(".")], refused: "cannot be the root" },
  { claim: "the root as a link", entries: [link("./", "/etc")], refused: "cannot be the root" },
  { claim: "a file below a file", entries: [file("f"), file("f/g")], refused: "is not a folder" },
  { claim: "a name of 300 bytes", entries: [file("n".repeat(300))], refused: "name too long" },
  { claim: "a path of 5000 bytes", entries: [file(`${"d/".repeat(2500)}f`)], refused: "name too long" },
  {
    claim: "an owner that means nobody",
    entries: [{ path: "f", uid: 4_294_967_295 }],
    refused: "out of range",
  },
  {
    claim: "overlayfs's own attributes",
    entries: [{ ...folder("d"), xattrs: new Map([["trusted.overlay.redirect", Buffer.from("/../..")]]) }],
    inside: ["d"],
  },
];
