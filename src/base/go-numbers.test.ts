import { expect, test } from "bun:test";
import { parseGoInt } from "./go-numbers.ts";

const table: [string, number][] = [
  ["0", 0],
  ["+7", 7],
  ["-7", -7],
  ["007", 7],
  ["9223372036854775807", 2 ** 63],
];
test.each(table)("parseGoInt: %p is %p", (text, number) => {
  expect(parseGoInt(text)).toBe(number);
});

const refused: [string, string][] = [
  ["", 'strconv.Atoi: parsing "": invalid syntax'],
  ["x", 'strconv.Atoi: parsing "x": invalid syntax'],
  ["1.5", 'strconv.Atoi: parsing "1.5": invalid syntax'],
  [" 1", 'strconv.Atoi: parsing " 1": invalid syntax'],
  ["9223372036854775808", 'strconv.Atoi: parsing "9223372036854775808": value out of range'],
];
test.each(refused)("parseGoInt: %p is refused", (text, message) => {
  expect(() => parseGoInt(text)).toThrow(message);
});
