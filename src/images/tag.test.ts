import { expect, test } from "bun:test";
import { InvalidParameterError } from "../base/errors.ts";
import { familiarString } from "../spec/reference.ts";
import { targetReference } from "./tag.ts";

const rows: readonly (readonly [repository: string, tag: string, name: string])[] = [
  ["app", "", "app:latest"],
  ["app", "v1", "app:v1"],
  ["app:old", "v1", "app:v1"],
  ["app:old", "", "app:old"],
  ["localhost:5000/app", "v1", "localhost:5000/app:v1"],
  ["localhost:5000/app", "", "localhost:5000/app:latest"],
];

for (const [repository, tag, name] of rows)
  test(`targetReference: ${repository} and tag "${tag}" are ${name}`, () => {
    expect(familiarString(targetReference(repository, tag))).toBe(name);
  });

const refused: readonly (readonly [repository: string, tag: string, message: string])[] = [
  ["", "", "invalid reference format"],
  ["APP", "", "invalid reference format: repository name (library/APP) must be lowercase"],
  ["app", "a/b", "invalid tag format"],
  ["app", "a:b", "invalid tag format"],
  ["sha256", "x", "refusing to create an ambiguous tag using digest algorithm as name"],
  [`app@sha256:${"a".repeat(64)}`, "", "refusing to create a tag with a digest reference"],
];

for (const [repository, tag, message] of refused)
  test(`targetReference: ${repository.slice(0, 20)} and tag "${tag}" are refused`, () => {
    expect(() => targetReference(repository, tag)).toThrow(new InvalidParameterError(message));
  });
