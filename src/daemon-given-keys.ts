// Keys of dockerd's daemon.json that are a choice there and none here, so that a file made for dockerd serves as it is: what it
// asks for is so anyway, or is told not to be, or is refused where somebody would rely on it. Pure.
import { InvalidParameterError } from "./base/errors.ts";

type Judgement = {
  /** What the value asks for is so. */
  readonly isSo: (value: unknown) => boolean;
  readonly otherwise: "is told" | "is refused";
  /** How it is here. */
  readonly here: string;
};

const anything = (): boolean => true;
const whether =
  (so: boolean) =>
  (value: unknown): boolean =>
    value === so;
const rules: Judgement = {
  isSo: whether(true),
  otherwise: "is refused",
  here: "containers' ways in and out need the firewall's rules",
};

const judgements: Readonly<Record<string, Judgement>> = {
  "storage-driver": {
    isSo: (value) => value === "overlay2" || value === "",
    otherwise: "is refused",
    here: "layers are overlayfs's (overlay2)",
  },
  "live-restore": {
    isSo: whether(true),
    otherwise: "is told",
    here: "containers go on when the daemon stops",
  },
  "exec-opts": {
    isSo: (value) =>
      Array.isArray(value) && value.every((option) => option === "native.cgroupdriver=cgroupfs"),
    otherwise: "is told",
    here: "cgroups are made without systemd",
  },
  "selinux-enabled": { isSo: whether(false), otherwise: "is refused", here: "there are no SELinux labels" },
  iptables: rules,
  ip6tables: rules,
  "ip-forward": { ...rules, here: "containers' way out needs forwarding" },
  features: { isSo: isEmpty, otherwise: "is told", here: "none of them is known" },
  builder: { isSo: isEmpty, otherwise: "is told", here: "there is no builder to be set up" },
  "shutdown-timeout": {
    isSo: () => false,
    otherwise: "is told",
    here: "when the machine goes down each container has its own stop timeout, 100 s at most",
  },
  // No proxy, and nobody misses it; nothing depends on this.
  "userland-proxy": { isSo: anything, otherwise: "is told", here: "" },
  "userland-proxy-path": { isSo: anything, otherwise: "is told", here: "" },
  experimental: { isSo: anything, otherwise: "is told", here: "" },
};

export const givenKeys: readonly string[] = Object.keys(judgements);

/** @returns what is to be told, a line each. @throws InvalidParameterError */
export function judgeGivenKeys(file: Readonly<Record<string, unknown>>): string[] {
  return Object.entries(judgements).flatMap(([key, { isSo, otherwise, here }]) => {
    const value = file[key];
    if (value === undefined || isSo(value)) return [];
    const line = `${key} ${JSON.stringify(value)} is not followed: ${here}`;
    if (otherwise === "is refused") throw new InvalidParameterError(line);
    return [line];
  });
}

function isEmpty(value: unknown): boolean {
  return typeof value === "object" && value !== null && Object.keys(value).length === 0;
}
