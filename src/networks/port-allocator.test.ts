import { expect, test } from "bun:test";
import { PortAllocator } from "./port-allocator.ts";

const never = () => false;
const claim = (first?: number, last = first, hostIps = ["0.0.0.0", "::"]) => ({
  protocol: "tcp" as const,
  hostIps,
  hostPorts: first === undefined || last === undefined ? undefined : { first, last },
});

test("PortAllocator: ports that nobody chose are walked round and round", () => {
  const ports = new PortAllocator({ first: 50_000, last: 50_002 });
  const next = () => ports.allocate(claim(), never);
  expect([next(), next(), next()]).toEqual([50_000, 50_001, 50_002]);
  expect(next).toThrow("all ports are allocated");
  for (const ip of ["0.0.0.0", "::"]) ports.release("tcp", ip, 50_001);
  expect(next()).toBe(50_001);
});

test("PortAllocator: a port that another program has is passed over", () => {
  const ports = new PortAllocator({ first: 50_000, last: 50_002 });
  expect(ports.allocate(claim(), (port) => port === 50_000)).toBe(50_001);
  expect(ports.allocate(claim(8000, 8010), (port) => port < 8003)).toBe(8003);
});

test("PortAllocator: a conflict is refused in Docker's words, and nothing is taken", () => {
  const ports = new PortAllocator();
  ports.allocate(claim(80, 80, ["127.0.0.1"]), never);
  expect(() => ports.allocate(claim(80), never)).toThrow(
    "Bind for 0.0.0.0:80 failed: port is already allocated",
  );
  expect(ports.allocate(claim(80, 80, ["::"]), never)).toBe(80);
  expect(() => ports.allocate(claim(80, 80, ["2001:db8::1"]), never)).toThrow(
    "Bind for [2001:db8::1]:80 failed: port is already allocated",
  );
});

test("PortAllocator: addresses, protocols and families are apart", () => {
  const ports = new PortAllocator();
  expect(ports.allocate(claim(80, 80, ["127.0.0.1"]), never)).toBe(80);
  expect(ports.allocate(claim(80, 80, ["192.0.2.1"]), never)).toBe(80);
  expect(ports.allocate({ ...claim(80, 80), protocol: "udp" }, never)).toBe(80);
  expect(ports.allocate(claim(80, 80, ["::1"]), never)).toBe(80);
});

test("PortAllocator: the first free one of a range, and the whole range's name when there is none", () => {
  const ports = new PortAllocator();
  expect([1, 2].map(() => ports.allocate(claim(90, 91), never))).toEqual([90, 91]);
  expect(() => ports.allocate(claim(90, 91), never)).toThrow("Bind for 0.0.0.0:90-91 failed");
  for (const ip of ["0.0.0.0", "::"]) ports.release("tcp", ip, 90);
  expect(ports.allocate(claim(90, 91), never)).toBe(90);
});

test("PortAllocator: adopted ports are in use", () => {
  const ports = new PortAllocator();
  ports.adopt("tcp", "0.0.0.0", 49_153);
  expect(ports.allocate(claim(), never)).toBe(49_154);
});
