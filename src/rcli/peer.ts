// Who is at the other end of a connection over loopback. A port has no permissions and no path, so whoever would not reach
// the unix socket must not get in here either: strangers, and programs that see another root than ours, which share the
// host's network only (containers with `--network host`, of whatever engine).
import { readdirSync, readFileSync, readlinkSync, statSync } from "node:fs";

/** Both ends of a connection, as this side sees it: IPv4. */
export type Ends = {
  readonly remoteAddress: string;
  readonly remotePort: number;
  readonly localAddress: string;
  readonly localPort: number;
};

export type PeerSocket = { readonly uid: number; readonly inode: number };

export type Peer = {
  readonly uid: number;
  readonly pid: number;
  /** Effective and supplementary groups. */
  readonly groups: readonly number[];
  /** Its root directory is ours. */
  readonly sharesRoot: boolean;
};

/** ESTABLISHED, FIN_WAIT1, FIN_WAIT2: connected to us, its own half open or closed. */
const connected = new Set(["01", "04", "05"]);

/**
 * The peer's socket by the lines of /proc/net/tcp. Undefined when it is not there, or nobody holds it any more: such a
 * socket has no inode, and the kernel shows it as root's.
 */
export function findPeerSocket(table: string, ends: Ends): PeerSocket | undefined {
  const local = hexAddress(ends.remoteAddress, ends.remotePort);
  const remote = hexAddress(ends.localAddress, ends.localPort);
  const at = table.indexOf(`: ${local} ${remote} `);
  if (at < 0) return undefined;
  // sl: local remote state queues timer retransmits uid timeout inode
  const [, , state = "", , , , uid = "", , inode = ""] = table.slice(at + 2, at + 200).split(/\s+/);
  if (!connected.has(state) || Number(inode) === 0) return undefined;
  return { uid: Number(uid), inode: Number(inode) };
}

/** As the kernel prints it on a little-endian machine: 127.0.0.1:4242 is 0100007F:1092. */
function hexAddress(address: string, port: number): string {
  const bytes = address.split(".").map((part) => Number(part).toString(16).padStart(2, "0"));
  return `${bytes.toReversed().join("")}:${port.toString(16).padStart(4, "0")}`.toUpperCase();
}

/** The table is not read in one step, and a line can be missed while others come and go. */
const looks = 3;

export function peerSocket(ends: Ends): PeerSocket | undefined {
  for (let look = 0; look < looks; look++) {
    const found = findPeerSocket(readFileSync("/proc/net/tcp", "latin1"), ends);
    if (found !== undefined) return found;
  }
  return undefined;
}

/** So many processes are looked at in one go. */
const processesAtOnce = 64;

/** The youngest process that holds the socket; undefined when there is none any more. */
export async function peerProcess({ uid, inode }: PeerSocket): Promise<Peer | undefined> {
  const pids = readdirSync("/proc")
    .filter((name) => /^\d+$/.test(name))
    .map(Number)
    .toSorted((a, b) => b - a);
  for (const [index, pid] of pids.entries()) {
    if (index % processesAtOnce === processesAtOnce - 1) await new Promise(setImmediate);
    if (!holds(pid, `socket:[${inode}]`)) continue;
    const peer = describe(pid, uid);
    if (peer !== undefined) return peer;
  }
  return undefined;
}

function holds(pid: number, link: string): boolean {
  try {
    return readdirSync(`/proc/${pid}/fd`).some((fd) => linkOf(`/proc/${pid}/fd/${fd}`) === link);
  } catch {
    return false; // it has ended
  }
}

function linkOf(path: string): string | undefined {
  try {
    return readlinkSync(path);
  } catch {
    return undefined; // closed meanwhile
  }
}

function describe(pid: number, uid: number): Peer | undefined {
  try {
    const status = readFileSync(`/proc/${pid}/status`, "utf8");
    const numbers = (name: string): readonly number[] =>
      (new RegExp(`^${name}:\\s*(.*)$`, "m").exec(status)?.[1] ?? "")
        .split(/\s+/)
        .filter(Boolean)
        .map(Number);
    const [, effective = -1] = numbers("Gid");
    const [theirs, ours] = [statSync(`/proc/${pid}/root/`), statSync("/")];
    const sharesRoot = theirs.dev === ours.dev && theirs.ino === ours.ino;
    return { uid, pid, groups: [effective, ...numbers("Groups")], sharesRoot };
  } catch {
    return undefined; // it has ended
  }
}

export const strangersRefusal = "permission denied: only root and the members of the engine's group get in";

/** Why the peer may not give commands; undefined when it may. */
export function refusalOf(peer: Peer | undefined, groupID: number | undefined): string | undefined {
  if (peer === undefined) return "permission denied: it cannot be told who is at the other end";
  if (!peer.sharesRoot)
    return "permission denied: programs in containers, and others with a root directory of their own, do not get in";
  if (peer.uid === 0 || (groupID !== undefined && peer.groups.includes(groupID))) return undefined;
  return strangersRefusal;
}
