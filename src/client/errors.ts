// What can go wrong between a client and the daemon.

/** The daemon answered with an error status; `message` is its own text. */
export class ResponseError extends Error {
  readonly status: number;
  constructor(status: number, message: string) {
    super(message);
    this.status = status;
  }
}

/** Nobody listens at the address, or it may not be opened. `code` is the system's (ENOENT, ECONNREFUSED, EACCES…). */
export class ConnectError extends Error {
  readonly code: string;
  readonly url: string;
  constructor(url: string, code: string, cause: unknown) {
    super(`cannot connect to ${url}: ${code}`, { cause });
    this.url = url;
    this.code = code;
  }
}

/** The connection ended or spoke nonsense in the middle of an answer. */
export class ProtocolError extends Error {}
