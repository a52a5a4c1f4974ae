import { expect, test } from "bun:test";
import { samePort } from "./containers.ts";
import { oldPorts, oldStatus } from "./lists.ts";

test.each([
  ["Exited (0) 3 minutes ago", "Exit 0"],
  ["Exited (137) Less than a second ago", "Exit 137"],
  ["Up 3 minutes", "Up 3 minutes"],
  ["Created", "Created"],
])("oldStatus: %s", (today, then) => expect(oldStatus(today)).toBe(then));

test("oldPorts: each published port once, in order", () => {
  const Ports = [
    { IP: "0.0.0.0", PrivatePort: 443, PublicPort: 49154, Type: "tcp" },
    { IP: "0.0.0.0", PrivatePort: 80, PublicPort: 49153, Type: "tcp" },
    { IP: "::", PrivatePort: 80, PublicPort: 49153, Type: "tcp" },
    { PrivatePort: 22, Type: "tcp" },
  ];
  expect(oldPorts({ Ports })).toBe("49153->80, 49154->443");
});

test.each([
  [":80", "80:80"],
  ["80", "80"],
  ["8080:80", "8080:80"],
  [":x", ":x"],
])("samePort: %s", (given, expected) => expect(samePort(given)).toBe(expected));
