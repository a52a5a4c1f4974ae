// What the kernel runs where a program of the host connects to one of the host's own addresses: a published port is answered by
// its container's own address and port, so that no packet has to be translated. And where the program asks afterwards whom it
// is connected to: it hears what it had said.
//
//   ports      place on the host, of address 0: any      -> place of the container
//   addresses  u32, of the host                          -> u32
//   origins    of a socket                               -> place asked for, place given
//   place      u32 address, u32 port                     both in network order, as programs give them
import { bpfHelpers } from "../sys/bpf.ts";
import {
  add,
  assembleBpf,
  call,
  exit,
  jumpIf32,
  jumpIfEqual,
  jumpUnless32,
  jumpUnlessEqual,
  jumpUnlessSame,
  load32,
  load64,
  move,
  set,
  set64,
  setMap,
  store32,
  type BpfStep,
} from "../sys/bpf-program.ts";

export const addressBytes = 4;
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

const AF_INET = 2;
const IPPROTO_TCP = 6;
/** struct sockaddr_in */
const socketAddressBytes = 16;
const BPF_SK_STORAGE_GET_F_CREATE = 1;
const loopback = new DataView(Uint8Array.of(127, 0, 0, 1).buffer).getInt32(0, true);

export type ConnectMaps = { readonly ports: number; readonly addresses: number; readonly origins: number };

/**
 * Who has bound the socket to an address or an interface keeps to the firewall's way, as does who is in another network.
 *
 * Connections to 127.0.0.1 come to the container from its gateway, as they do by the firewall's way. All others come from the
 * address that they are for, as the kernel has it for its own addresses: the socket is bound to it here, which also fails,
 * wherever that is not allowed for any address, when the address is not the host's any more.
 */
export function connectProgram({ ports, addresses, origins }: ConnectMaps, netnsCookie: bigint): Uint8Array {
  const key = -placeBytes;
  const origin = key - originBytes;
  const own = origin - socketAddressBytes;
  const [context, sock, place] = [6, 7, 8];
  return assembleBpf([
    move(context, 1),
    load32(2, context, protocol),
    jumpUnless32(2, IPPROTO_TCP, "as it is"),
    call(bpfHelpers.netnsCookie),
    set64(2, netnsCookie),
    jumpUnlessSame(0, 2, "as it is"),
    load64(sock, context, socket),
    jumpIfEqual(sock, 0, "as it is"),
    ...[boundInterface, boundAddress].flatMap((at) => [load32(2, sock, at), jumpUnless32(2, 0, "as it is")]),

    set(2, 0),
    store32(10, key, 2),
    load32(2, context, userPort),
    store32(10, key + 4, 2),
    ...lookUp(ports, key),
    jumpUnlessEqual(0, 0, "published"),
    load32(2, context, userAddress),
    store32(10, key, 2),
    ...lookUp(ports, key),
    jumpIfEqual(0, 0, "as it is"),
    "published",
    move(place, 0),

    load32(2, context, userAddress),
    jumpIf32(2, loopback, "own"),
    store32(10, key, 2),
    ...lookUp(addresses, key),
    jumpIfEqual(0, 0, "as it is"),
    load32(3, context, userAddress),
    set(2, AF_INET), // and port 0: the kernel's choice
    store32(10, own, 2),
    store32(10, own + 4, 3),
    set(2, 0),
    store32(10, own + 8, 2),
    store32(10, own + 12, 2),
    move(1, context),
    move(2, 10),
    add(2, own),
    set(3, socketAddressBytes),
    call(bpfHelpers.bind),
    jumpUnless32(0, 0, "as it is"),
    "own",

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

/** The value's address comes in r0, or 0. @param key where it is on the stack. */
function lookUp(map: number, key: number): BpfStep[] {
  return [setMap(1, map), move(2, 10), add(2, key), call(bpfHelpers.mapLookup)];
}

/** Only where the socket is still connected to where it was led. */
export function peerNameProgram({ origins }: Pick<ConnectMaps, "origins">): Uint8Array {
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
