import { expect, test } from "bun:test";
import { commands, findCommand } from "./command-table.ts";
import { commandPage, groupPage, mainPage } from "./help.ts";

const page = (columns: number, ...words: readonly string[]) => {
  const found = findCommand(words);
  return found.kind === "command" ? commandPage(found.command, found.path, columns) : "";
};

test("a command's page has Docker's layout", () => {
  expect(page(80, "container", "list")).toMatchInlineSnapshot(`
    "Usage:  sampan container ls [OPTIONS]

    List containers

    Aliases:
      sampan container ls, sampan container list, sampan container ps, sampan ps

    Examples:
      sampan ps -a --filter status=exited --format '{{.Names}}: {{.Status}}'

    Options:
      -a, --all             Show all containers (without it, only running ones)
      -f, --filter filter   Only those that match (NAME=VALUE)
          --format string   Form of the output:
                            'table': columns with headers (default)
                            'table TEMPLATE': columns from a Go template
                            'json': one JSON object on each line
                            'TEMPLATE': a Go template
      -n, --last int        Show the n newest containers, in any state (default -1)
      -l, --latest          Show the newest container, in any state
          --no-trunc        Do not cut long values
      -q, --quiet           Show IDs only
      -s, --size            Show the sizes of the containers' files
    "
  `);
});

test("long texts are broken between words, below their beginning", () => {
  expect(page(60, "stop")).toMatchInlineSnapshot(`
    "Usage:  sampan stop [OPTIONS] CONTAINER [CONTAINER...]

    Stop one or more running containers

    Aliases:
      sampan container stop, sampan stop

    Options:
      -s, --signal string   Signal to send first
      -t, --timeout int     Seconds to wait before SIGKILL (-1:
                            for ever)
    "
  `);
});

test("no page has a line that is too long, but for words that are", () => {
  for (const command of commands) {
    const { paths } = command;
    const options = commandPage(command, paths[0] ?? "", 80).split("Options:\n")[1] ?? "";
    for (const line of options.split("\n")) expect(line.length).toBeLessThan(80);
  }
});

test("old spellings are not shown", () => expect(page(80, "run")).not.toContain("--net "));

test("a group's page lists its commands by name", () => {
  const found = findCommand(["image"]);
  expect(found.kind === "group" && groupPage(found.group)).toMatchInlineSnapshot(`
    "Usage:  sampan image COMMAND

    Manage images

    Commands:
      build       Build an image from a Dockerfile
      history     Show the history of an image
      import      Import the contents from a tarball to create a filesystem image
      inspect     Display detailed information on one or more images
      load        Load an image from a tar archive or STDIN
      ls          List images
      prune       Remove unused images
      pull        Download an image from a registry
      push        Upload an image to a registry
      rm          Remove one or more images
      save        Save one or more images to a tar archive (streamed to STDOUT by default)
      tag         Create a tag TARGET_IMAGE that refers to SOURCE_IMAGE

    Run 'sampan image COMMAND --help' for more information on a command.
    "
  `);
});

test("the first page names every command that has a short path", () => {
  const main = mainPage(80);
  for (const { paths, section } of commands) {
    const short = paths.find((path) => !path.includes(" "));
    if (short !== undefined && section !== undefined) expect(main).toContain(`\n  ${short.padEnd(11)} `);
  }
});
