// Whether bytes are UTF-8, sequence by sequence (Unicode 15, table 3-7: no overlong forms, no surrogates).

/** The bytes that can start a sequence of more than one. */
export const firstLead = 0xc2;
export const lastLead = 0xf4;

/**
 * The length (2 to 4) of the sequence that starts at `at` with one of the leads; 0 when it does not go on as one. A sequence that is right as far as `to` has its whole length: the caller sees that it goes beyond.
 */
export function sequenceLength(bytes: Uint8Array, at: number, to: number): number {
  const lead = bytes[at] ?? 0;
  const length = lead < 0xe0 ? 2 : lead < 0xf0 ? 3 : 4;
  // The second byte has a narrower range after four of the leads.
  const low = lead === 0xe0 ? 0xa0 : lead === 0xf0 ? 0x90 : 0x80;
  const high = lead === 0xed ? 0x9f : lead === 0xf4 ? 0x8f : 0xbf;
  if (at + 1 < to) {
    const second = bytes[at + 1] ?? 0;
    if (second < low || second > high) return 0;
  }
  for (let next = at + 2; next < to && next < at + length; next++)
    if (((bytes[next] ?? 0) & 0xc0) !== 0x80) return 0;
  return length;
}
