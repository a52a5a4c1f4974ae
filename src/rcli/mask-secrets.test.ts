import { expect, test } from "bun:test";
import { maskSecrets } from "./mask-secrets.ts";

test.each([
  ["login -u ann -p secret", "login -u ann -p ***"],
  ["login --password=secret", "login --password=***"],
  ["login -psecret", "login -p***"],
  ["run -e TOKEN=secret -e HOME -d img", "run -e TOKEN=*** -e HOME -d img"],
  ["run -itde TOKEN=secret img", "run -itde TOKEN=*** img"],
  ["run -eTOKEN=secret img", "run -eTOKEN=*** img"],
  ["run --env=TOKEN=secret img", "run --env=TOKEN=*** img"],
  ["exec --env TOKEN=secret web sh", "exec --env TOKEN=*** web sh"],
  ["container run -e A=secret img", "container run -e A=*** img"],
  ["import http://ann:secret@host/x.tar y", "import http://ann:***@host/x.tar y"],
  ["ps -a", "ps -a"],
  ["nosuch -p secret", "nosuch -p secret"],
  ["", ""],
])("maskSecrets: %s", (line, expected) => {
  const words = line.split(" ").filter(Boolean);
  expect(maskSecrets(words).join(" ")).toBe(expected);
});
