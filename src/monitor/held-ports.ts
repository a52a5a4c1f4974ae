// Published ports, kept from other programs for as long as their containers run, whether or not there is a daemon.
import type { HeldPort, RefusedPort } from "../runtime/monitor-protocol.ts";
import { failedWith, SyscallError } from "../sys/errno.ts";
import { closeFd } from "../sys/file.ts";
import { holdPort } from "../sys/inet-socket.ts";

type Held = { readonly ports: string; readonly fds: readonly number[] };

export class HeldPorts {
  readonly #byId = new Map<string, Held>();

  /**
   * Holds exactly these for `id`, in the place of what it had. When some are refused, nothing has changed, and they are told.
   */
  hold(id: string, ports: readonly HeldPort[]): RefusedPort[] {
    const text = JSON.stringify(ports);
    if ((this.#byId.get(id)?.ports ?? "[]") === text) return [];
    const fds: number[] = [];
    const refused: RefusedPort[] = [];
    for (const [index, port] of ports.entries()) {
      try {
        const fd = open(port);
        if (fd !== undefined) fds.push(fd);
      } catch (err) {
        if (!(err instanceof SyscallError)) throw err;
        refused.push({ index, inUse: failedWith(err, "EADDRINUSE"), message: err.message });
      }
    }
    if (refused.length > 0) fds.forEach(closeFd);
    else this.#replace(id, { ports: text, fds });
    return refused;
  }

  /** Lets go of what is held for others than these. */
  keepOnly(ids: readonly string[]): void {
    const kept = new Set(ids);
    for (const id of this.#byId.keys()) if (!kept.has(id)) this.#replace(id, { ports: "[]", fds: [] });
  }

  #replace(id: string, held: Held): void {
    this.#byId.get(id)?.fds.forEach(closeFd);
    if (held.fds.length > 0) this.#byId.set(id, held);
    else this.#byId.delete(id);
  }
}

/** `undefined` where the kernel cannot have such a socket: nobody else can have it either. */
function open({ protocol, address, port }: HeldPort): number | undefined {
  try {
    return holdPort(protocol, Uint8Array.from(address), port);
  } catch (err) {
    if (failedWith(err, "EAFNOSUPPORT", "EPROTONOSUPPORT", "ESOCKTNOSUPPORT")) return undefined;
    throw err;
  }
}
