// What the kernel runs where a program of the host connects to 127.0.0.1: a published port is answered by its container's own
// address and port, so that no packet has to be translated. And where the program asks afterwards whom it is connected to:
// it hears what it had said.
//
//   ports    u32 port of the host               -> place of the container
//   origins  of a socket                        -> place asked for, place given
//   place    u32 address, u32 port              both in network order, as programs give them
import { bpfHelpers } from "../sys/bpf.ts";
import {
  add,
  assembleBpf,
  call,
  exit,
  jumpIfEqual,
  jumpUnless32,
  jumpUnlessSame,
  load32,
  load64,
  move,
  set,
  set64,
  setMap,
  store32,
} from "../sys/bpf-program.ts";

export const portKeyBytes = 4;
export const placeBytes = 8;
export const originBytes = 2 * placeBytes;

// struct bpf_sock_addr
const userAddress = 4;
const userPort = 24;
const protocol = 36;
const socket = 64;
// struct bpf_sock
const boundInterface = 0;
const boundAddress = 24;

const IPPROTO_TCP = 6;
const BPF_SK_STORAGE_GET_F_CREATE = 1;
const loopback = new DataView(Uint8Array.of(127, 0, 0, 1).buffer).getInt32(0, true);

export type LoopbackMaps = { readonly ports: number; readonly origins: number };

/** Who has bound the socket to an address or an interface keeps to the firewall's way, as does who is in another network. */
export function connectProgram({ ports, origins }: LoopbackMaps, netnsCookie: bigint): Uint8Array {
  const key = -4;
  const origin = key - 4 - originBytes;
  const [context, sock, place] = [6, 7, 8];
  return assembleBpf([
    move(context, 1),
    load32(2, context, userAddress),
    jumpUnless32(2, loopback, "as it is"),
    load32(2, context, protocol),
    jumpUnless32(2, IPPROTO_TCP, "as it is"),
    call(bpfHelpers.netnsCookie),
    set64(2, netnsCookie),
    jumpUnlessSame(0, 2, "as it is"),
    load64(sock, context, socket),
    jumpIfEqual(sock, 0, "as it is"),
    ...[boundInterface, boundAddress].flatMap((at) => [load32(2, sock, at), jumpUnless32(2, 0, "as it is")]),

    load32(2, context, userPort),
    store32(10, key, 2),
    setMap(1, ports),
    move(2, 10),
    add(2, key),
    call(bpfHelpers.mapLookup),
    jumpIfEqual(0, 0, "as it is"),
    move(place, 0),

    // A socket may be connected a second time: then there is a note of it already, and the first words are not taken.
    load32(2, context, userAddress),
    store32(10, origin, 2),
    load32(2, context, userPort),
    store32(10, origin + 4, 2),
    load32(2, place, 0),
    store32(10, origin + 8, 2),
    load32(2, place, 4),
    store32(10, origin + 12, 2),
    setMap(1, origins),
    move(2, sock),
    move(3, 10),
    add(3, origin),
    set(4, BPF_SK_STORAGE_GET_F_CREATE),
    call(bpfHelpers.socketStorage),
    jumpIfEqual(0, 0, "as it is"),
    ...[0, 4, 8, 12].flatMap((at) => [load32(2, 10, origin + at), store32(0, at, 2)]),

    load32(2, 10, origin + 8),
    store32(context, userAddress, 2),
    load32(2, 10, origin + 12),
    store32(context, userPort, 2),
    "as it is",
    set(0, 1),
    exit(),
  ]);
}

/** Only where the socket is still connected to where it was led. */
export function peerNameProgram({ origins }: LoopbackMaps): Uint8Array {
  const [context, note] = [6, 0];
  return assembleBpf([
    move(context, 1),
    load64(2, context, socket),
    jumpIfEqual(2, 0, "as it is"),
    setMap(1, origins),
    set(3, 0),
    set(4, 0),
    call(bpfHelpers.socketStorage),
    jumpIfEqual(note, 0, "as it is"),
    load32(1, context, userAddress),
    load32(2, note, 8),
    jumpUnlessSame(1, 2, "as it is"),
    load32(1, context, userPort),
    load32(2, note, 12),
    jumpUnlessSame(1, 2, "as it is"),
    load32(1, note, 0),
    store32(context, userAddress, 1),
    load32(1, note, 4),
    store32(context, userPort, 1),
    "as it is",
    set(0, 1),
    exit(),
  ]);
}
