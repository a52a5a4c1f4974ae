// The 25 commands of 2013, as data. Each is a way to say what a command of today's table does.

import type { Flag } from "../command.ts";
import { info, inspect, version } from "./about.ts";
import { attach, kill, port, remove, restart, run, start, stop } from "./containers.ts";
import { commit, importImage, login, push, removeImages, tagImage } from "./images.ts";
import { history, images, ps } from "./lists.ts";
import { today } from "./old-command.ts";
import type { OldCommand } from "./old-command.ts";

/** As it is today. */
const same =
  (name: string): OldCommand["handler"] =>
  (context, _flags, operands) =>
    today(context, [name, ...operands]);

const one = { min: 1, max: 1 };
const some = { min: 1 };
const none = { min: 0, max: 0 };

const seconds: Flag = {
  name: "t",
  type: "int",
  default: "10",
  help: "Number of seconds to wait before killing the container",
};
const onlyIDs: Flag = { name: "q", type: "bool", help: "Only show numeric IDs" };

const runFlags: readonly Flag[] = [
  { name: "a", type: "list", help: "Attach to stdin, stdout or stderr" },
  { name: "d", type: "bool", help: "Detached mode: leave the container running in the background" },
  { name: "dns", type: "list", help: "Set custom dns servers" },
  { name: "e", type: "list", help: "Set environment variables" },
  { name: "h", type: "string", help: "Container host name" },
  { name: "i", type: "bool", help: "Keep stdin open even if not attached" },
  { name: "m", type: "int", help: "Memory limit (in bytes)" },
  { name: "p", type: "list", help: "Publish a port; ':PORT' for the same port on the host" },
  { name: "t", type: "bool", help: "Allocate a pseudo-tty" },
  { name: "u", type: "string", help: "Username or UID" },
];

export const oldCommands: readonly OldCommand[] = [
  {
    name: "attach",
    usage: "CONTAINER",
    summary: "Attach to a running container",
    flags: [],
    operands: one,
    handler: attach,
  },
  {
    name: "commit",
    usage: "[OPTIONS] CONTAINER [REPOSITORY [TAG]]",
    summary: "Create a new image from a container's changes",
    flags: [
      { name: "author", type: "string", help: 'Author (eg. "John Hannibal Smith <hannibal@a-team.com>"' },
      { name: "m", type: "string", help: "Commit message" },
    ],
    operands: { min: 1, max: 3 },
    handler: commit,
  },
  {
    name: "diff",
    usage: "CONTAINER",
    summary: "Inspect changes on a container's filesystem",
    flags: [],
    operands: one,
    handler: same("diff"),
  },
  {
    name: "export",
    usage: "CONTAINER",
    summary: "Stream the contents of a container as a tar archive",
    flags: [],
    operands: one,
    handler: same("export"),
  },
  {
    name: "history",
    usage: "IMAGE",
    summary: "Show the history of an image",
    flags: [],
    operands: one,
    handler: history,
  },
  {
    name: "images",
    usage: "[OPTIONS] [NAME]",
    summary: "List images",
    flags: [{ name: "a", type: "bool", help: "Show all images" }, onlyIDs],
    operands: { min: 0, max: 1 },
    handler: images,
  },
  {
    name: "import",
    usage: "URL|- [REPOSITORY [TAG]]",
    summary: "Create a new filesystem image from the contents of a tarball",
    flags: [],
    operands: { min: 1, max: 3 },
    handler: importImage,
  },
  {
    name: "info",
    usage: "",
    summary: "Display system-wide information",
    flags: [],
    operands: none,
    handler: info,
  },
  {
    name: "inspect",
    usage: "CONTAINER|IMAGE",
    summary: "Return low-level information on a container",
    flags: [],
    operands: one,
    handler: inspect,
  },
  {
    name: "kill",
    usage: "CONTAINER [CONTAINER...]",
    summary: "Kill a running container",
    flags: [],
    operands: some,
    handler: kill,
  },
  {
    name: "login",
    usage: "",
    summary: "Register or Login to the docker registry server",
    flags: [],
    operands: none,
    handler: login,
  },
  {
    name: "logs",
    usage: "CONTAINER",
    summary: "Fetch the logs of a container",
    flags: [],
    operands: one,
    handler: same("logs"),
  },
  {
    name: "port",
    usage: "CONTAINER PRIVATE_PORT",
    summary: "Lookup the public-facing port which is NAT-ed to PRIVATE_PORT",
    flags: [],
    operands: { min: 2, max: 2 },
    handler: port,
  },
  {
    name: "ps",
    usage: "[OPTIONS]",
    summary: "List containers",
    flags: [
      { name: "a", type: "bool", help: "Show all containers. Only running containers are shown by default." },
      { name: "l", type: "bool", help: "Show only the latest created container, include non-running ones." },
      {
        name: "n",
        type: "int",
        default: "-1",
        help: "Show n last created containers, include non-running ones.",
      },
      { name: "notrunc", type: "bool", help: "Don't truncate output" },
      onlyIDs,
    ],
    operands: none,
    handler: ps,
  },
  {
    name: "pull",
    usage: "NAME",
    summary: "Pull an image or a repository from the docker registry server",
    flags: [],
    operands: one,
    handler: same("pull"),
  },
  {
    name: "push",
    usage: "NAME",
    summary: "Push an image or a repository to the docker registry server",
    flags: [],
    operands: one,
    handler: push,
  },
  {
    name: "restart",
    usage: "[OPTIONS] CONTAINER [CONTAINER...]",
    summary: "Restart a running container",
    flags: [seconds],
    operands: some,
    handler: restart,
  },
  {
    name: "rm",
    usage: "CONTAINER [CONTAINER...]",
    summary: "Remove a container",
    flags: [],
    operands: some,
    handler: remove,
  },
  {
    name: "rmi",
    usage: "IMAGE [IMAGE...]",
    summary: "Remove an image",
    flags: [],
    operands: some,
    handler: removeImages,
  },
  {
    name: "run",
    usage: "[OPTIONS] IMAGE COMMAND [ARG...]",
    summary: "Run a command in a new container",
    flags: runFlags,
    operands: some,
    runsProgram: true,
    handler: run,
  },
  {
    name: "start",
    usage: "CONTAINER [CONTAINER...]",
    summary: "Start a stopped container",
    flags: [],
    operands: some,
    handler: start,
  },
  {
    name: "stop",
    usage: "[OPTIONS] CONTAINER [CONTAINER...]",
    summary: "Stop a running container",
    flags: [seconds],
    operands: some,
    handler: stop,
  },
  {
    name: "tag",
    usage: "[OPTIONS] IMAGE REPOSITORY [TAG]",
    summary: "Tag an image into a repository",
    flags: [{ name: "f", type: "bool", help: "Force" }],
    operands: { min: 2, max: 3 },
    handler: tagImage,
  },
  {
    name: "version",
    usage: "",
    summary: "Show the docker version information",
    flags: [],
    operands: none,
    handler: version,
  },
  {
    name: "wait",
    usage: "CONTAINER [CONTAINER...]",
    summary: "Block until a container stops, then print its exit code",
    flags: [],
    operands: some,
    handler: same("wait"),
  },
];
