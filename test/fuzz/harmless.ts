// The daemon under the fuzzer runs as root, so no request goes out before its final bytes have been looked at. What is
// looked at is the text, not the structure: it does not matter which of the bytes the daemon takes for its body, nor how
// they are nested. Doubtful requests are dropped. (What containers run is harmless anyway: the corpus knows no program
// that could do damage.)

/** Whether the daemon may be sent these bytes; `hostFolder` is the only folder of the host that a body may name. */
export function isHarmless(bytes: Buffer, hostFolder: string): boolean {
  const text = plainText(bytes);
  return (
    !forbidden.some((pattern) => pattern.test(text)) &&
    namedPaths(text).every((path) => isWithin(path, hostFolder.toLowerCase())) &&
    fetchedFrom(text).every((source) => source === "-")
  );
}

const forbidden: readonly RegExp[] = [
  // The host's namespaces, devices and cgroups; mounts that reach back to the host.
  /"host"|'host'/,
  /shared/,
  /"?privileged"?\s*:(?!\s*(false|null|7[,}]))/,
  /cgroupparent"?\s*:(?!\s*(""|null|7[,}]))/,
  /"devices"\s*:(?!\s*(\[\s*\]|null|7[,}]))/,
  /pathonhost/,
  /device_?cgroup_?rules"?\s*:(?!\s*(\[\s*\]|null|7[,}]))/,
  // Images that are made with a network and minutes of work.
  /debian|host\/|host%2f/,
  // Reads in a far place: `o` and `device` of a local volume are mount(2)'s arguments.
  /lowerdir|upperdir|"device"|"o"\s*:/,
  /\.\.[/\\]\w/,
];

/** Bytes as text with all that JSON and URLs may hide undone, in lower case, since keys match in any case. */
function plainText(bytes: Buffer): string {
  let text = bytes.toString("utf8");
  for (let round = 0; round < 2; round++)
    text = text
      .replaceAll(/%([0-9a-f]{2})/gi, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)))
      .replaceAll(/\\u([0-9a-f]{4})/gi, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)))
      .replaceAll("\\/", "/");
  return text.toLowerCase();
}

/** Every absolute path in JSON texts: at the beginning of a text, or behind a separator in one. */
function namedPaths(text: string): string[] {
  const body = text.slice(Math.max(0, text.search(/\r?\n\r?\n/)));
  return [...body.matchAll(/["':=,]\s*(\/[^"':,\s]*)/g)].map((match) => match[1] ?? "");
}

function isWithin(path: string, folder: string): boolean {
  return (path === folder || path.startsWith(`${folder}/`)) && !path.includes("/..");
}

function fetchedFrom(text: string): string[] {
  return [...text.matchAll(/fromsrc=([^&\s]*)/g)].map((match) => match[1] ?? "");
}
