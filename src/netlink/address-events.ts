// What the kernel tells of the IPv4 addresses of links (RTNLGRP_IPV4_IFADDR, rtnetlink(7)).
import { failedWith } from "../sys/errno.ts";
import { closeFd } from "../sys/file.ts";
import {
  joinNetlinkGroup,
  NETLINK_ROUTE,
  openNetlinkSocket,
  receiveDatagram,
} from "../sys/netlink-socket.ts";

const RTNLGRP_IPV4_IFADDR = 5;
const datagramBytesMax = 65_536;

export type AddressEvents = {
  /** Whether any has come or gone since the last time this was asked. Never waits. */
  changed(): boolean;
  close(): void;
};

/** Of the network namespace that this thread is in. */
export function openAddressEvents(): AddressEvents {
  const fd = openNetlinkSocket(NETLINK_ROUTE);
  joinNetlinkGroup(fd, RTNLGRP_IPV4_IFADDR);
  const buffer = new Uint8Array(datagramBytesMax);
  return {
    changed() {
      let found = false;
      for (;;) {
        try {
          if (receiveDatagram(fd, buffer) === undefined) return found;
        } catch (err) {
          // More was told than the queue holds.
          if (!failedWith(err, "ENOBUFS")) throw err;
        }
        found = true;
      }
    },
    close: () => closeFd(fd),
  };
}
