// Programs in Python that speak as much of SCTP as it takes to be told apart from noise, where the kernel has no sockets for it.

/** CRC-32C (RFC 9260, appendix A). */
const sctpCommon = `
import socket, struct, sys
def crc32c(data):
  crc = 0xffffffff
  for byte in data:
    crc ^= byte
    for _ in range(8): crc = crc >> 1 ^ (0x82f63b78 if crc & 1 else 0)
  return crc ^ 0xffffffff
s = socket.socket(socket.AF_INET, socket.SOCK_RAW, 132)
`;
/** An INIT chunk behind the common header: no tag yet, our tag 7, 64 KiB of room, one stream each way. */
export const sctpSender = `${sctpCommon}
packet = bytearray(struct.pack("!HHII", 4711, int(sys.argv[2]), 0, 0) + struct.pack("!BBHIIHHI", 1, 0, 20, 7, 65536, 1, 1, 1))
packet[8:12] = struct.pack("<I", crc32c(packet))
s.sendto(packet, (sys.argv[1], 0))
`;
export const sctpReceiver = `${sctpCommon}
print("ready", flush=True)
while True:
  packet, (address, _) = s.recvfrom(2000)
  packet = bytearray(packet)[20:]
  sent, packet[8:12] = bytes(packet[8:12]), bytes(4)
  source, target = struct.unpack("!HH", packet[:4])
  right = "right" if sent == struct.pack("<I", crc32c(packet)) else "wrong"
  print(address, source, "->", target, "INIT," if packet[12] == 1 else packet[12], "checksum", right, flush=True)
`;
