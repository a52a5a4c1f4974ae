// Archives that a client on this machine hands over as open files: the daemon reads them itself, in place of having all of
// their bytes sent through a socket. The client says the number of its descriptor on a socket that exists for this alone, and
// who it is says the kernel: the daemon takes a copy of what that process has open, and of nothing else. It gets a ticket for
// it, and names that in the request which would have had the bytes (a parameter, `sampanFile`).
//
//   client  N\n                  the number of a descriptor; the connection stays open until the request is answered
//   daemon  ticket\n             or the connection's end, where it cannot take the file: then the bytes are sent
import { closeSync, fstatSync, read, rmSync } from "node:fs";
import { promisify } from "node:util";
import type { Socket, UnixSocketListener } from "bun";
import { errorText, InvalidParameterError } from "../base/errors.ts";
import type { Host } from "../base/host.ts";
import type { ByteSource } from "../storage/byte-reader.ts";
import { pidfdGetFd } from "../sys/pidfd.ts";
import { peerProcess } from "../sys/unix-socket.ts";
import { openToGroup } from "./server.ts";

/** Of one client: what it has said so far, and the ticket it got. */
type Client = { line: string; ticket: string };

const longestLine = 16;
const pieceBytes = 1 << 20;
const readSome = promisify(read);

export class HandedFiles {
  readonly path: string;
  readonly #host: Host;
  /** Descriptors of ours, by ticket. */
  readonly #files = new Map<string, number>();
  readonly #listener: UnixSocketListener<Client>;

  /**
   * @param path where the socket is made, in a folder that is ours alone: what is there goes.
   * @param group who may use it besides root: those who may use the API.
   */
  constructor(host: Host, path: string, group: string) {
    this.#host = host;
    this.path = path;
    rmSync(path, { force: true });
    const umask = process.umask(0o177);
    try {
      this.#listener = Bun.listen<Client>({
        unix: path,
        socket: {
          open: (client) => void (client.data = { line: "", ticket: "" }),
          data: (client, bytes) => this.#hear(client, bytes),
          close: ({ data }) => this.#forget(data),
        },
      });
    } finally {
      process.umask(umask);
    }
    try {
      openToGroup(path, group);
    } catch (err) {
      this.close();
      throw err;
    }
  }

  /** Those that are being read are read to their end. */
  close(): void {
    this.#listener.stop(true);
    rmSync(this.path, { force: true });
    for (const fd of this.#files.values()) closeSync(fd);
    this.#files.clear();
  }

  /**
   * The file's bytes from its beginning, once. The memory of a piece is used again for the next one.
   * @throws InvalidParameterError for a ticket that nobody has, or whose owner has gone.
   */
  async *bytes(ticket: string): ByteSource & AsyncGenerator<Uint8Array> {
    const fd = this.#files.get(ticket);
    if (fd === undefined) throw new InvalidParameterError("the file that was handed over is not here");
    this.#files.delete(ticket);
    try {
      const memory = Buffer.allocUnsafeSlow(pieceBytes);
      for (let at = 0; ;) {
        const { bytesRead } = await readSome(fd, memory, 0, memory.length, at);
        if (bytesRead === 0) return;
        yield memory.subarray(0, bytesRead);
        at += bytesRead;
      }
    } finally {
      closeSync(fd);
    }
  }

  #hear(client: Socket<Client>, bytes: Uint8Array): void {
    const { data } = client;
    data.line += Buffer.from(bytes).toString("latin1");
    if (!data.line.includes("\n") && data.line.length <= longestLine) return;
    try {
      // Bun's types do not know the descriptor.
      const fd = takeFile((client as Socket<Client> & { readonly fd: number }).fd, data);
      data.ticket = this.#host.random.hex(16);
      this.#files.set(data.ticket, fd);
      client.write(`${data.ticket}\n`);
    } catch (err) {
      this.#host.log.debug("file not taken over", { error: errorText(err) });
      client.end();
    }
  }

  #forget({ ticket }: Client): void {
    const fd = this.#files.get(ticket);
    if (fd === undefined) return;
    this.#files.delete(ticket);
    closeSync(fd);
  }
}

/** @returns a descriptor of ours. @throws InvalidParameterError, SyscallError. */
function takeFile(client: number, { line, ticket }: Client): number {
  const [, number] = /^(\d{1,9})\n$/.exec(line) ?? [];
  if (number === undefined || ticket !== "")
    throw new InvalidParameterError("not the number of a descriptor");
  const owner = peerProcess(client);
  let fd: number;
  try {
    fd = pidfdGetFd(owner, Number(number));
  } finally {
    closeSync(owner);
  }
  if (fstatSync(fd).isFile()) return fd;
  closeSync(fd);
  throw new InvalidParameterError("no regular file");
}
