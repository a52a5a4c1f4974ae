// The first line of a connection: a JSON array of strings, the command and its arguments.
import { InvalidParameterError } from "../base/errors.ts";

/** Far above what a shell can pass on. */
export const longestLineBytes = 256 * 1024;

const wanted = 'want one line with a JSON array of strings, such as ["ps","-a"]';

/** InvalidParameterError, in words for whoever sent it. */
export function parseCommandLine(line: string): readonly string[] {
  let value: unknown;
  try {
    value = JSON.parse(line);
  } catch {
    throw new InvalidParameterError(`this is no command: ${wanted}`);
  }
  if (!Array.isArray(value) || !value.every((word) => typeof word === "string"))
    throw new InvalidParameterError(`this is no command: ${wanted}`);
  if (value.some((word) => word.includes("\0")))
    throw new InvalidParameterError("this is no command: a word has a zero byte in it");
  return value;
}

export type LineSource = {
  readonly read: () => Promise<readonly Uint8Array[] | undefined>;
  /** What comes behind the line is the command's input. */
  readonly unread: (bytes: Uint8Array) => void;
};

/**
 * The first line, without its end. A sender that ends without one has sent a line as well. InvalidParameterError at the
 * first byte that cannot begin a command, so that a browser or a TLS client is not waited for.
 */
export async function readCommandLine(source: LineSource): Promise<string> {
  let bytes = Buffer.alloc(0);
  for (;;) {
    const pieces = await source.read();
    bytes = Buffer.concat([bytes, ...(pieces ?? [])]);
    const start = /[^\t\r ]/.exec(bytes.toString("latin1", 0, 64))?.[0];
    if (start !== undefined && start !== "[")
      throw new InvalidParameterError(`this is the command protocol of 2013, and no command came: ${wanted}`);
    const end = bytes.indexOf("\n");
    if ((end < 0 ? bytes.length : end) > longestLineBytes)
      throw new InvalidParameterError(`the line is longer than ${longestLineBytes} bytes`);
    if (end >= 0) source.unread(bytes.subarray(end + 1));
    if (end >= 0 || pieces === undefined) return bytes.toString("utf8", 0, end < 0 ? bytes.length : end);
  }
}
