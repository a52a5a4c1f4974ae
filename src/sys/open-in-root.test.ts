import { afterAll, beforeAll, expect, test } from "bun:test";
import {
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readlinkSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import {
  closeFd,
  O_CREAT,
  O_DIRECTORY,
  O_NOFOLLOW,
  O_PATH,
  O_RDONLY,
  O_WRONLY,
  openFile,
  writeAll,
} from "./file.ts";
import { openBeneath, openInRoot } from "./open-in-root.ts";

const folder = mkdtempSync("/tmp/sampan-sys-root-");
const root = `${folder}/root`;
let rootFd = -1;

beforeAll(() => {
  writeFileSync(`${folder}/secret`, "HOST FILE");
  mkdirSync(`${root}/etc`, { recursive: true });
  writeFileSync(`${root}/etc/passwd`, "of the image");
  mkdirSync(`${root}${folder}`, { recursive: true });
  rootFd = openFile(root, O_PATH | O_DIRECTORY);
});
afterAll(() => {
  closeFd(rootFd);
  rmSync(folder, { recursive: true });
});

function contentOf(path: string | Uint8Array): string {
  const fd = openInRoot(rootFd, path, O_RDONLY);
  try {
    return readFileSync(fd, "utf8");
  } finally {
    closeFd(fd);
  }
}

test.each([["etc/passwd"], ["/etc/passwd"], ["../../../../etc/passwd"], ["/../etc/../../etc/passwd"]])(
  "openInRoot: %s is the image's own file",
  (path) => {
    expect(contentOf(path)).toBe("of the image");
    expect(contentOf(Buffer.from(path))).toBe("of the image");
  },
);

test.each([
  ["absolute", "/etc/passwd"],
  ["climbing", "../../../../../../../etc/passwd"],
  ["through another link", "loop-free/passwd"],
])("openInRoot: an %s link leads to the image's own file", (name, target) => {
  if (target.startsWith("loop-free")) symlinkSync("/etc", `${root}/loop-free`);
  symlinkSync(target, `${root}/${name.replaceAll(" ", "-")}`);
  expect(contentOf(name.replaceAll(" ", "-"))).toBe("of the image");
});

test.each([
  ["a link to a host file", () => `${folder}/secret`],
  ["a climbing link to a host file", () => `../secret`],
  ["a link into /proc", () => `/proc/self/root/etc/passwd`],
])("openInRoot: %s finds nothing", (name, target) => {
  const link = name.replaceAll(" ", "-").replaceAll("/", "");
  symlinkSync(target(), `${root}/${link}`);
  expect(() => openInRoot(rootFd, link, O_RDONLY)).toThrow("ENOENT");
});

test("openInRoot: creating through a link that points outside makes nothing outside", () => {
  symlinkSync(`${folder}/created`, `${root}/create-link`);
  closeFd(openInRoot(rootFd, "create-link", O_WRONLY | O_CREAT, 0o600));
  expect(() => statSync(`${folder}/created`)).toThrow();
  expect(statSync(`${root}${folder}/created`).isFile()).toBe(true);
});

test("openInRoot: the mode counts when a file is made and is no error when none is", () => {
  const fd = openInRoot(rootFd, "new", O_WRONLY | O_CREAT, 0o750);
  writeAll(fd, Buffer.from("x"));
  closeFd(fd);
  expect(statSync(`${root}/new`).mode & 0o7777).toBe(0o750);
  closeFd(openInRoot(rootFd, "new", O_RDONLY, 0o750));
});

test.each([
  ["an absolute path", "/etc/passwd"],
  ["a path that climbs out", "etc/../../root/etc/passwd"],
  ["an absolute link", "absolute-beneath"],
  ["a link that climbs out and comes back", "climbing-beneath"],
  ["a link into /proc", "proc-beneath"],
])("openBeneath: %s is refused, even where it would be found", (_what, path) => {
  const links = { absolute: `${root}/etc/passwd`, climbing: "../root/etc/passwd", proc: "/proc/self/root" };
  for (const [name, target] of Object.entries(links)) {
    rmSync(`${root}/${name}-beneath`, { force: true });
    symlinkSync(target, `${root}/${name}-beneath`);
  }
  expect(() => openBeneath(rootFd, path, O_PATH)).toThrow("EXDEV");
});

test("openBeneath: links and .. that stay inside are followed", () => {
  symlinkSync("etc/../etc", `${root}/inside-beneath`);
  const fd = openBeneath(rootFd, "inside-beneath/passwd", O_RDONLY);
  expect(readFileSync(fd, "utf8")).toBe("of the image");
  closeFd(fd);
});

test("openInRoot: O_PATH and O_NOFOLLOW open a link itself", () => {
  symlinkSync("/etc/passwd", `${root}/itself`);
  const fd = openInRoot(rootFd, "itself", O_PATH | O_NOFOLLOW);
  expect(readlinkSync(`/proc/self/fd/${fd}`)).toBe(`${root}/itself`);
  closeFd(fd);
  expect(() => openInRoot(rootFd, "itself", O_RDONLY | O_NOFOLLOW)).toThrow("ELOOP");
});
