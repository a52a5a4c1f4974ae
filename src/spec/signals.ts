// Linux signals by name and number (signal(7), the numbers of x86 and arm).

const names =
  "HUP INT QUIT ILL TRAP ABRT BUS FPE KILL USR1 SEGV USR2 PIPE ALRM TERM STKFLT CHLD CONT STOP TSTP TTIN TTOU URG XCPU XFSZ VTALRM PROF WINCH IO PWR SYS".split(
    " ",
  );
const aliases: Readonly<Record<string, number>> = { IOT: 6, CLD: 17, POLL: 29, UNUSED: 31 };
const firstRealTime = 34;
const lastRealTime = 64;

/**
 * The number of `SIGTERM`, `term`, `15`, `RTMIN+3` or `RTMAX-1`; undefined for what is no signal.
 * Glibc keeps 32 and 33 for itself, so RTMIN is 34.
 */
export function signalNumberOf(text: string): number | undefined {
  if (/^\d+$/.test(text)) {
    const number = Number(text);
    return number >= 1 && number <= lastRealTime ? number : undefined;
  }
  const name = text.toUpperCase().replace(/^SIG/, "");
  const index = names.indexOf(name);
  if (index >= 0) return index + 1;
  const realTime = /^RT(MIN|MAX)(?:([+-])(\d+))?$/.exec(name);
  if (!realTime) return aliases[name];
  const base = realTime[1] === "MIN" ? firstRealTime : lastRealTime;
  const number = base + (realTime[2] === "-" ? -1 : 1) * Number(realTime[3] ?? 0);
  return number >= firstRealTime && number <= lastRealTime ? number : undefined;
}

/** "SIGTERM"; "signal 40" for one without a name. */
export function signalName(number: number): string {
  const name = names[number - 1];
  return name === undefined ? `signal ${number}` : `SIG${name}`;
}
