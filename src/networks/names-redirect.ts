// The rules in a container's namespace that lead port 53 of 127.0.0.11 to the port that its resolver has there, as data. Port
// 53 itself stays the container's: a name server in it may take it on all addresses.
//
//   output       to 127.0.0.11, port 53      -> the resolver's port    before connections are tracked
//   postrouting  from 127.0.0.11, its port   -> port 53                after that
//
// Bytes of the packets are replaced, with no translation of addresses behind it: that would have the kernel track every
// connection of the container. Where the container itself has them tracked, it is between the two that this sees
// packets, and both directions bear the resolver's port.
import { addressBytes } from "../netlink/address.ts";
import type { Request } from "../netlink/message.ts";
import {
  addNftChain,
  addNftRule,
  addNftTable,
  deleteNftTable,
  flushNftTable,
  hasBytes,
  putBytes,
  type Field,
  type NftChain,
} from "../netlink/nftables.ts";
import { loopbackResolver } from "./loopback-resolver.ts";

const table = "sampan-names";
const questions: NftChain = { table, name: "questions", hook: "output", priority: -300 };
const answers: NftChain = { table, name: "answers", hook: "postrouting", priority: 300 };

const protocolField: Field = { header: "network", offset: 9 };
const sourceField: Field = { header: "network", offset: 12 };
const destinationField: Field = { header: "network", offset: 16 };
const address = addressBytes(loopbackResolver);
const dnsPort = 53;

/** By number, and where the checksum is in their headers. */
const protocols = [
  { number: 17, checksumAt: 6 },
  { number: 6, checksumAt: 16 },
];

/** To be done together; in the place of those for another port. */
export function redirectNames(port: number): Request[] {
  return [
    addNftTable(table),
    addNftChain(questions),
    addNftChain(answers),
    flushNftTable(table),
    ...protocols.flatMap(({ number, checksumAt }) => {
      const isOne = hasBytes(protocolField, Uint8Array.of(number));
      const source = { header: "transport", offset: 0, checksumAt } as const;
      const destination = { ...source, offset: 2 } as const;
      return [
        addNftRule(questions, [
          hasBytes(destinationField, address),
          isOne,
          hasBytes(destination, portBytes(dnsPort)),
          putBytes(destination, portBytes(port)),
        ]),
        addNftRule(answers, [
          hasBytes(sourceField, address),
          isOne,
          hasBytes(source, portBytes(port)),
          putBytes(source, portBytes(dnsPort)),
        ]),
      ];
    }),
  ];
}

/** To be done together. Adding first makes the deletion right whether or not it was there. */
export function leaveNamesAlone(): Request[] {
  return [addNftTable(table), deleteNftTable(table)];
}

function portBytes(port: number): Uint8Array {
  return Uint8Array.of(port >> 8, port & 0xff);
}
