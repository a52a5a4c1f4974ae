// Which keys detach: `--detach-keys`, else the user's configuration, else the usual ones ("").

import type { Context } from "../command.ts";
import type { Flags } from "../flags.ts";
import { textSetting } from "../config-file.ts";

/** "" without looking further where there is no terminal to press keys on. */
export function chooseDetachKeys(
  context: Context,
  flags: Flags,
  { tty, stdin }: { readonly tty: boolean; readonly stdin: boolean },
): string {
  if (!tty || !stdin) return "";
  return flags.text("detach-keys") || textSetting(context.config, "detachKeys");
}
