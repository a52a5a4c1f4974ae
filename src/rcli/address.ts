// `--rcli=off|ADDRESS`: where the command protocol of 2013 is spoken.
import { InvalidParameterError } from "../base/errors.ts";

export type RcliAddress = {
  readonly host: string;
  readonly port: number;
  /** Asked for: then a port that is taken is a failure. The usual one may be another daemon's. */
  readonly isAskedFor: boolean;
};

const usual: RcliAddress = { host: "127.0.0.1", port: 4242, isAskedFor: false };

/** Undefined for "off". InvalidParameterError for anything but an IPv4 address of loopback with a port, or one of both. */
export function parseRcliAddress(text: string | undefined): RcliAddress | undefined {
  if (text === undefined || text === "") return usual;
  if (text === "off") return undefined;
  const [, host = usual.host, port] = /^(?:tcp:\/\/)?(localhost|\d+\.\d+\.\d+\.\d+)?(?::?(\d{1,5}))?$/.exec(
    text,
  ) ?? [undefined, "", undefined];
  const number = port === undefined ? usual.port : Number(port);
  const address = host === "localhost" ? usual.host : host;
  if (address === "" || number > 65535)
    throw new InvalidParameterError(`invalid --rcli (${text}): want off, or 127.0.0.1:PORT`);
  const isLoopback = /^127(?:\.(?:\d|[1-9]\d|1\d\d|2[0-4]\d|25[0-5])){3}$/.test(address);
  if (!isLoopback)
    throw new InvalidParameterError(
      `refusing --rcli=${text}: its commands run with root's rights and go over the line as they are typed, so it is spoken on loopback (127.x.y.z) only`,
    );
  return { host: address, port: number, isAskedFor: true };
}
