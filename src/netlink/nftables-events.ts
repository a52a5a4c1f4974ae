// What the kernel tells of changes of nftables (NFNLGRP_NFTABLES, include/uapi/linux/netfilter/nf_tables.h): the parts of
// a transaction one by one, then NEWGEN with the process that made it.
import { failedWith } from "../sys/errno.ts";
import { closeFd } from "../sys/file.ts";
import {
  joinNetlinkGroup,
  NETLINK_NETFILTER,
  openNetlinkSocket,
  receiveDatagram,
} from "../sys/netlink-socket.ts";
import { decodeMessages, splitBody } from "./message.ts";

const NFNLGRP_NFTABLES = 7;
export const NFNL_SUBSYS_NFTABLES = 10;
export const NFT_MSG_DELTABLE = 2;
const NFT_MSG_DELCHAIN = 5;
export const NFT_MSG_DELRULE = 8;
const NFT_MSG_NEWGEN = 15;
const NFTA_GEN_PROC_PID = 2;
const nfgenmsgBytes = 4;
const datagramBytesMax = 65_536;
const removalTypes: ReadonlySet<number> = new Set([NFT_MSG_DELTABLE, NFT_MSG_DELCHAIN, NFT_MSG_DELRULE]);

export type NftablesEvents = {
  /** Whether, since the last time this was asked, somebody took anything away: a process that is not ours. Never waits. */
  removals(isOurs: (pid: number) => boolean): boolean;
  close(): void;
};

/** `undefined` where the kernel has no nftables. */
export function openNftablesEvents(): NftablesEvents | undefined {
  let fd: number;
  try {
    fd = openNetlinkSocket(NETLINK_NETFILTER);
  } catch (err) {
    if (failedWith(err, "EPROTONOSUPPORT")) return undefined;
    throw err;
  }
  joinNetlinkGroup(fd, NFNLGRP_NFTABLES);
  const buffer = new Uint8Array(datagramBytesMax);
  return {
    removals(isOurs) {
      let found = false;
      let pending = false;
      for (;;) {
        const length = receive(fd, buffer);
        if (length === undefined) return found || pending;
        if (length === "lost") {
          found = true;
          continue;
        }
        for (const { type, body } of decodeMessages(buffer.subarray(0, length))) {
          if (type >> 8 !== NFNL_SUBSYS_NFTABLES) continue;
          pending ||= removalTypes.has(type & 0xff);
          if ((type & 0xff) !== NFT_MSG_NEWGEN) continue;
          found ||= pending && !isOurs(processOf(body));
          pending = false;
        }
      }
    },
    close: () => closeFd(fd),
  };
}

/** More was told than the queue holds: what it was, nobody knows. */
function receive(fd: number, buffer: Uint8Array): number | "lost" | undefined {
  try {
    return receiveDatagram(fd, buffer);
  } catch (err) {
    if (failedWith(err, "ENOBUFS")) return "lost";
    throw err;
  }
}

/** In network order, as everything of nfnetlink. */
function processOf(body: Uint8Array): number {
  const value = splitBody(body, nfgenmsgBytes).attributes.get(NFTA_GEN_PROC_PID);
  return value === undefined || value.length < 4
    ? 0
    : new DataView(value.buffer, value.byteOffset).getUint32(0);
}
