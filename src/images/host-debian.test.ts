import { expect, test } from "bun:test";
import { installedPackages } from "./host-debian.ts";

test("installedPackages: those that are installed, with their versions, sorted", () => {
  const status = [
    "Package: zlib1g\nStatus: install ok installed\nVersion: 1:1.2.13\nDescription: a\n Version: 9",
    "Package: gone\nStatus: deinstall ok config-files\nVersion: 1",
    "Package: half\nStatus: install ok unpacked\nVersion: 1",
    "Package: apt\nStatus: install ok installed\nArchitecture: amd64\nVersion: 2.6.1\n",
  ].join("\n\n");
  expect(installedPackages(status)).toEqual(["apt=2.6.1", "zlib1g=1:1.2.13"]);
});
