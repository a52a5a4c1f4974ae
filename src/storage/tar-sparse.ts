// Sparse files in tar archives: the body holds the pieces that have data, a map says where they belong (GNU tar manual,
// "Storing Sparse Files": the old GNU header, and the pax formats 0.0, 0.1 and 1.0).
import { InvalidParameterError } from "../base/errors.ts";
import { blockSize, readNumber } from "./tar-header.ts";
import { decodeName } from "./tar-name.ts";
import { paxInteger, paxText, type PaxRecords } from "./tar-pax.ts";

export type Extent = { readonly offset: number; readonly sizeBytes: number };

export type SparseMap = {
  /** Size of the whole file, holes included. */
  readonly fileBytes: number;
  /** Ascending; the body holds them one after the other. */
  readonly extents: readonly Extent[];
};

/** Every piece costs memory before a byte of it is seen, so a map cannot be longer than this. */
const maxExtents = 100_000;

/** Reads the blocks that belong to an entry but not to its data. */
export type ReadBlock = () => Promise<Uint8Array>;

/** The map of an entry of type "S": four pieces in the header, more in blocks of 21 that follow it. */
export async function readOldGnuMap(
  header: Uint8Array,
  bodyBytes: number,
  readBlock: ReadBlock,
): Promise<SparseMap> {
  const fileBytes = readNumber(header, [483, 12], "sparse size");
  const extents = extentsIn(header, 386, 4);
  let more = header[482] !== 0;
  while (more) {
    const block = await readBlock();
    extents.push(...extentsIn(block, 0, 21));
    more = block[504] !== 0;
    if (extents.length > maxExtents) throw tooLong();
  }
  return checked({ fileBytes, extents }, bodyBytes);
}

function extentsIn(block: Uint8Array, from: number, count: number): Extent[] {
  const extents: Extent[] = [];
  for (let at = from; at < from + count * 24; at += 24) {
    if (block[at] === 0) break;
    const offset = readNumber(block, [at, 12], "sparse map");
    extents.push({ offset, sizeBytes: readNumber(block, [at + 12, 12], "sparse map") });
  }
  return extents;
}

export type PaxSparse = {
  readonly map: SparseMap;
  /** The file's own name: the header's is made up. */
  readonly name: string | undefined;
  /** Bytes of the body that were the map and are read already. */
  readonly mapBytes: number;
};

/** The map of an entry with `GNU.sparse.*` records; `undefined` when it has none. */
export async function readPaxMap(
  records: PaxRecords,
  bodyBytes: number,
  readBlock: ReadBlock,
): Promise<PaxSparse | undefined> {
  const nameBytes = records.get("GNU.sparse.name");
  const name = nameBytes === undefined ? undefined : decodeName(nameBytes);
  if (paxText(records, "GNU.sparse.major") === "1") {
    const fileBytes = paxInteger(records, "GNU.sparse.realsize") ?? 0;
    const { numbers, readBytes } = await readMapText(bodyBytes, readBlock);
    return { map: mapOf(fileBytes, numbers, bodyBytes - readBytes), name, mapBytes: readBytes };
  }
  const text = paxText(records, "GNU.sparse.map");
  const fileBytes = paxInteger(records, "GNU.sparse.size");
  if (text === undefined || fileBytes === undefined) return undefined;
  return { map: mapOf(fileBytes, text.split(",").map(naturalNumber), bodyBytes), name, mapBytes: 0 };
}

/** Format 1.0 begins the body with lines of decimal numbers: how many pieces, then offset and size of each. */
async function readMapText(
  bodyBytes: number,
  readBlock: ReadBlock,
): Promise<{ readonly numbers: readonly number[]; readonly readBytes: number }> {
  let text = "";
  let readBytes = 0;
  let wanted = 1;
  const numbers: number[] = [];
  while (numbers.length < wanted) {
    const end = text.indexOf("\n");
    if (end === -1) {
      if (readBytes + blockSize > bodyBytes || text.length > 24) throw wrong();
      text += Buffer.from(await readBlock()).toString("latin1");
      readBytes += blockSize;
      continue;
    }
    numbers.push(naturalNumber(text.slice(0, end)));
    text = text.slice(end + 1);
    if (numbers.length === 1) wanted = 1 + 2 * (numbers[0] ?? 0);
    if (wanted > 2 * maxExtents + 1) throw tooLong();
  }
  return { numbers: numbers.slice(1), readBytes };
}

function mapOf(fileBytes: number, numbers: readonly number[], bodyBytes: number): SparseMap {
  if (numbers.length % 2 !== 0) throw wrong();
  if (numbers.length > 2 * maxExtents) throw tooLong();
  const extents: Extent[] = [];
  for (let at = 0; at < numbers.length; at += 2)
    extents.push({ offset: numbers[at] ?? 0, sizeBytes: numbers[at + 1] ?? 0 });
  return checked({ fileBytes, extents }, bodyBytes);
}

/** Pieces must come in order, not overlap, stay inside the file and be exactly what the body holds. */
function checked(map: SparseMap, bodyBytes: number): SparseMap {
  let end = 0;
  let sum = 0;
  for (const { offset, sizeBytes } of map.extents) {
    if (offset < end) throw wrong();
    end = offset + sizeBytes;
    sum += sizeBytes;
  }
  if (end > map.fileBytes || sum !== bodyBytes) throw wrong();
  return map;
}

function naturalNumber(text: string): number {
  if (!/^[0-9]{1,15}$/.test(text)) throw wrong();
  return Number(text);
}

function wrong(): InvalidParameterError {
  return new InvalidParameterError("invalid tar header: malformed sparse map");
}

function tooLong(): InvalidParameterError {
  return new InvalidParameterError(`invalid tar header: sparse map of more than ${maxExtents} pieces`);
}
