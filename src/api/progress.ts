// Progress of long work as a stream of JSON lines. Before the first line a failure is an answer with its own status;
// after it, it is a last line with `error`, since the status has been sent.
import { errorText } from "../base/errors.ts";
import type { ProgressMessage } from "../spec/docker-images.ts";

export type Report = (message: ProgressMessage) => void;

export type PartDone = { readonly layer: string; readonly readBytes: number; readonly sizeBytes: number };

/** How many lines one layer gives at most: enough for a bar, little beside the layer itself. */
const linesPerLayer = 50;

/** Turns what is known of layers being read into lines that clients draw as bars. */
export function layerProgress(report: Report): (part: PartDone) => void {
  const shown = new Map<string, number>();
  return ({ layer, readBytes, sizeBytes }) => {
    const step = Math.floor((readBytes / Math.max(sizeBytes, 1)) * linesPerLayer);
    if (shown.get(layer) === step) return;
    shown.set(layer, step);
    const progressDetail = { current: readBytes, total: sizeBytes };
    report({ status: "Loading layer", progressDetail, id: layer });
  };
}

/** The lines that `work` reports, each sent as it comes. The work does not wait for a slow client: its lines are few. */
export async function* progressLines(work: (report: Report) => Promise<void>): AsyncGenerator<string> {
  const pending: string[] = [];
  let wake = (): void => {};
  const finished = work((message) => {
    pending.push(`${JSON.stringify(message)}\r\n`);
    wake();
  });
  const ended = finished.then(
    () => true,
    () => true,
  );
  let hasBegun = false;
  for (let isOver = false; !isOver || pending.length > 0;) {
    if (pending.length === 0) {
      const line = new Promise<boolean>((resolve) => (wake = () => resolve(false)));
      isOver = await Promise.race([line, ended]);
    } else {
      hasBegun = true;
      yield pending.splice(0).join("");
    }
  }
  try {
    await finished;
  } catch (err) {
    if (!hasBegun) throw err;
    const message = errorText(err);
    yield `${JSON.stringify({ errorDetail: { message }, error: message })}\r\n`;
  }
}
