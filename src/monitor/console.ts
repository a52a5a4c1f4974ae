// Where a runtime hands over the terminal that it made for a container: it connects to the socket, sends the master and
// goes on; only then does it end with 0. So there is no need to wait for it: it is there, or it never comes.
import { rmSync } from "node:fs";
import { closeFd, setNonBlocking } from "../sys/file.ts";
import { receiveFd } from "../sys/pass-fd.ts";
import { accept, listenUnix } from "../sys/unix-socket.ts";

export type ConsoleSocket = {
  /** The terminal's master, not blocking; `undefined` when the runtime has sent none. */
  takeMaster(): number | undefined;
  close(): void;
};

export function listenForConsole(path: string): ConsoleSocket {
  rmSync(path, { force: true });
  const listener = listenUnix(path, 0o600);
  setNonBlocking(listener);
  return {
    takeMaster() {
      const connection = accept(listener, true);
      if (connection === undefined) return undefined;
      try {
        const master = receiveFd(connection);
        if (master !== undefined) setNonBlocking(master);
        return master;
      } finally {
        closeFd(connection);
      }
    },
    close() {
      closeFd(listener);
      rmSync(path, { force: true });
    },
  };
}
