// The driver options of a network, as Docker names them. Pure.
import { InvalidParameterError } from "../base/errors.ts";
import { isAddress } from "./subnet.ts";

type Options = Readonly<Record<string, string>>;

const prefix = "com.docker.network.bridge.";
const mtuKeys = ["com.docker.network.driver.mtu", "mtu"];

export type BridgeOptions = {
  readonly bridge: string | undefined;
  readonly icc: boolean;
  readonly masquerade: boolean;
  readonly hostBinding: string;
  readonly mtu: number | undefined;
};

/** Docker ignores options that it does not know; so does this. */
export function bridgeOptions(options: Options): BridgeOptions {
  const binding = options[`${prefix}host_binding_ipv4`] ?? "";
  if (binding !== "" && !isAddress(binding)) throw invalid(`${prefix}host_binding_ipv4`, binding, "nil ip");
  return {
    bridge: options[`${prefix}name`] || undefined,
    icc: booleanOf(options, `${prefix}enable_icc`),
    masquerade: booleanOf(options, `${prefix}enable_ip_masquerade`),
    hostBinding: binding === "0.0.0.0" ? "" : binding,
    mtu: mtuOf(options),
  };
}

export function mtuOf(options: Options): number | undefined {
  const key = mtuKeys.find((name) => options[name] !== undefined);
  const text = key === undefined ? "" : (options[key] ?? "");
  if (key === undefined || text === "") return undefined;
  if (!/^[+-]?\d+$/.test(text))
    throw invalid(key, text, `strconv.Atoi: parsing ${JSON.stringify(text)}: invalid syntax`);
  if (Number(text) < 0) throw new InvalidParameterError(`invalid MTU number: ${text}`);
  return Number(text) === 0 ? undefined : Number(text);
}

/** Go's ParseBool; all of these options are on unless told otherwise. */
function booleanOf(options: Options, key: string): boolean {
  const text = options[key];
  if (text === undefined || /^(1|t|true)$/i.test(text)) return true;
  if (/^(0|f|false)$/i.test(text)) return false;
  throw invalid(key, text, `strconv.ParseBool: parsing ${JSON.stringify(text)}: invalid syntax`);
}

function invalid(key: string, value: string, why: string): InvalidParameterError {
  return new InvalidParameterError(`failed to parse ${key} value: ${value} (${why})`);
}
