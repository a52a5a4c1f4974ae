// bpf(2): programs that the kernel runs, and the maps that they share with us. All of them are close-on-exec descriptors and
// go with the last who holds one: of a process that is killed nothing stays. Layouts: union bpf_attr (include/uapi/linux/bpf.h).
import { ptr } from "bun:ffi";
import { errnoOf, SyscallError } from "./errno.ts";
import { closeFd } from "./file.ts";
import { check, lastErrno, libc } from "./libc.ts";

// One of few system calls that are not everywhere the same number and young.
const SYS_bpf = process.arch === "x64" ? 321 : 280;

const BPF_MAP_CREATE = 0;
const BPF_MAP_UPDATE_ELEM = 2;
const BPF_MAP_DELETE_ELEM = 3;
const BPF_PROG_LOAD = 5;
const BPF_BTF_LOAD = 18;
const BPF_LINK_CREATE = 28;

const BPF_MAP_TYPE_HASH = 1;
const BPF_MAP_TYPE_SK_STORAGE = 24;
const BPF_PROG_TYPE_CGROUP_SOCK_ADDR = 18;
const BPF_F_NO_PREALLOC = 1;

export const BPF_CGROUP_INET4_CONNECT = 10;
export const BPF_CGROUP_INET4_GETPEERNAME = 29;

/** Numbers of what a program may call (enum bpf_func_id). */
export const bpfHelpers = { mapLookup: 1, bind: 64, socketStorage: 107, netnsCookie: 122 } as const;

/** At least as much as each command that is used here takes; the kernel wants zeros behind that. */
const attributesBytes = 144;
const nameBytesMax = 15;

class Attributes {
  readonly bytes = new Uint8Array(attributesBytes);
  readonly #view = new DataView(this.bytes.buffer);

  u32(offset: number, value: number): this {
    this.#view.setUint32(offset, value, true);
    return this;
  }

  /** The bytes are the caller's to keep until the call is over. */
  pointer(offset: number, bytes: Uint8Array): this {
    this.#view.setBigUint64(offset, BigInt(ptr(bytes)), true);
    return this;
  }

  name(offset: number, name: string): this {
    this.bytes.set(Buffer.from(name.replaceAll(/\W/g, "_").slice(0, nameBytesMax)), offset);
    return this;
  }
}

function bpf(command: number, what: string, { bytes }: Attributes): number {
  return check(libc.syscall(SYS_bpf, command, ptr(bytes), bytes.length, 0, 0), `bpf(${what})`);
}

export type MapShape = { readonly keyBytes: number; readonly valueBytes: number; readonly most: number };

/** Memory is taken as it is filled. @param name in what bpftool shows; letters, digits and `_`, 15 of them. */
export function createHashMap(name: string, { keyBytes, valueBytes, most }: MapShape): number {
  const attributes = new Attributes()
    .u32(0, BPF_MAP_TYPE_HASH)
    .u32(4, keyBytes)
    .u32(8, valueBytes)
    .u32(12, most)
    .u32(16, BPF_F_NO_PREALLOC)
    .name(28, name);
  return bpf(BPF_MAP_CREATE, "MAP_CREATE", attributes);
}

/** What programs keep of a socket, as long as there is the socket. Kernel 5.2. @param valueBytes at most 16. */
export function createSocketStorage(name: string, valueBytes: number): number {
  const types = socketStorageTypes(valueBytes);
  const described = new Attributes().pointer(0, types).u32(16, types.length);
  const btf = bpf(BPF_BTF_LOAD, "BTF_LOAD", described);
  try {
    const attributes = new Attributes()
      .u32(0, BPF_MAP_TYPE_SK_STORAGE)
      .u32(4, keyTypeBytes)
      .u32(8, valueBytes)
      .u32(16, BPF_F_NO_PREALLOC)
      .name(28, name)
      .u32(48, btf)
      .u32(52, 1)
      .u32(56, 2);
    return bpf(BPF_MAP_CREATE, "MAP_CREATE", attributes);
  } finally {
    closeFd(btf);
  }
}

const keyTypeBytes = 4;

/**
 * The kernel asks of such a map that its types are described: type 1 is the key, a descriptor; type 2 the value, one long
 * number (Documentation/bpf/btf.rst).
 */
function socketStorageTypes(valueBytes: number): Uint8Array {
  const names = Buffer.from("\0int\0value\0");
  const BTF_MAGIC = 0xeb9f;
  const BTF_KIND_INT = 1 << 24;
  const headBytes = 24;
  const number = (name: number, bytes: number) => [name, BTF_KIND_INT, bytes, bytes * 8];
  const types = Uint32Array.from([...number(1, keyTypeBytes), ...number(5, valueBytes)]);
  const version = 1 << 16;
  const head = Uint32Array.from([
    BTF_MAGIC | version,
    headBytes,
    0,
    types.byteLength,
    types.byteLength,
    names.length,
  ]);
  return Buffer.concat([new Uint8Array(head.buffer), new Uint8Array(types.buffer), names]);
}

export function setElement(map: number, key: Uint8Array, value: Uint8Array): void {
  bpf(
    BPF_MAP_UPDATE_ELEM,
    "MAP_UPDATE_ELEM",
    new Attributes().u32(0, map).pointer(8, key).pointer(16, value),
  );
}

/** Fine when there is none. */
export function deleteElement(map: number, key: Uint8Array): void {
  const { bytes } = new Attributes().u32(0, map).pointer(8, key);
  if (libc.syscall(SYS_bpf, BPF_MAP_DELETE_ELEM, ptr(bytes), bytes.length, 0, 0) !== -1) return;
  const errno = lastErrno();
  if (errno !== errnoOf("ENOENT")) throw new SyscallError("bpf(MAP_DELETE_ELEM)", errno);
}

export type AddressProgram = {
  readonly name: string;
  /** BPF_CGROUP_INET4_CONNECT and the like. */
  readonly attachType: number;
  readonly instructions: Uint8Array;
};

/** A program that looks at the addresses which sockets are given. SyscallError when the kernel's verifier refuses it. */
export function loadAddressProgram({ name, attachType, instructions }: AddressProgram): number {
  const license = Buffer.from("Apache-2.0\0");
  const attributes = new Attributes()
    .u32(0, BPF_PROG_TYPE_CGROUP_SOCK_ADDR)
    .u32(4, instructions.length / 8)
    .pointer(8, instructions)
    .pointer(16, license)
    .name(48, name)
    .u32(68, attachType);
  return bpf(BPF_PROG_LOAD, "PROG_LOAD", attributes);
}

/**
 * Has the program run for all processes of the cgroup (an open folder of cgroup2) and of those below it, beside others' programs,
 * as long as somebody holds the descriptor that is returned. Kernel 5.7.
 */
export function attachToCgroup(program: number, cgroup: number, attachType: number): number {
  const attributes = new Attributes().u32(0, program).u32(4, cgroup).u32(8, attachType);
  return bpf(BPF_LINK_CREATE, "LINK_CREATE", attributes);
}
