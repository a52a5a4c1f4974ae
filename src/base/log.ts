// The log seen by engine code: a constant lower-case message, values as fields, ids always under the same key.
// debug: what was decided; info: what changed for a user; warn: went on despite; error: someone must look.

export type LogFields = Readonly<Record<string, unknown>>;

export type Log = {
  debug(message: string, fields?: LogFields): void;
  info(message: string, fields?: LogFields): void;
  warn(message: string, fields?: LogFields): void;
  error(message: string, fields?: LogFields): void;
};

/** A log that keeps nothing: for pure tests. */
export const silentLog: Log = {
  debug: () => {},
  info: () => {},
  warn: () => {},
  error: () => {},
};
