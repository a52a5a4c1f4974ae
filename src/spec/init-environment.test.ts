import { expect, test } from "bun:test";
import { fromInitEnvironment, toInitEnvironment } from "./init-environment.ts";

const variables = ["PATH=/bin", 'A= two\nlines\t"x" \\\u{1f6a2} ', "EMPTY=", "SAMPAN_ENV_0=mine"];

test("variables come through as they are, in their order, in values without line breaks", () => {
  const own = toInitEnvironment(variables);
  expect(Object.values(own).join("")).not.toMatch(/[\r\n]/);
  expect(fromInitEnvironment({ HOME: "/", ...own })).toEqual(variables);
  expect(fromInitEnvironment({ HOME: "/" })).toEqual([]);
});
