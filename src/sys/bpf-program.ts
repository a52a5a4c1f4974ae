// Programs for the kernel's virtual machine as data, and their bytes (RFC 9669). Registers: r0 results, r1-r5 what is given to
// calls (gone after one), r6-r9 kept, r10 the end of 512 bytes of stack.

/** An instruction, several as one, or the name of the place where it stands: jumps say names. */
export type BpfStep = string | Instruction | readonly Instruction[];

export type Instruction = {
  readonly code: number;
  readonly to?: number;
  readonly from?: number;
  /** Bytes from an address, or the name of the place to jump to. */
  readonly offset?: number | string;
  /** A signed number of 32 bits. */
  readonly value?: number;
};

const instructionBytes = 8;

/** @throws RangeError for a jump to a place that there is not. */
export function assembleBpf(steps: readonly BpfStep[]): Uint8Array {
  const instructions: Instruction[] = [];
  const places = new Map<string, number>();
  for (const step of steps)
    if (typeof step === "string") places.set(step, instructions.length);
    else instructions.push(...[step].flat());
  const view = new DataView(new ArrayBuffer(instructions.length * instructionBytes));
  instructions.forEach(({ code, to = 0, from = 0, offset = 0, value = 0 }, index) => {
    const at = index * instructionBytes;
    view.setUint8(at, code);
    view.setUint8(at + 1, to | (from << 4));
    view.setInt16(at + 2, typeof offset === "number" ? offset : distance(places, offset, index), true);
    view.setInt32(at + 4, value, true);
  });
  return new Uint8Array(view.buffer);
}

function distance(places: ReadonlyMap<string, number>, name: string, from: number): number {
  const place = places.get(name);
  if (place === undefined) throw new RangeError(`no place ${name} in the program`);
  return place - from - 1;
}

/** Reads 32 bits at an address. */
export function load32(to: number, address: number, offset: number): Instruction {
  return { code: 0x61, to, from: address, offset };
}

export function load64(to: number, address: number, offset: number): Instruction {
  return { code: 0x79, to, from: address, offset };
}

export function store32(address: number, offset: number, from: number): Instruction {
  return { code: 0x63, to: address, from, offset };
}

export function move(to: number, from: number): Instruction {
  return { code: 0xbf, to, from };
}

export function set(to: number, value: number): Instruction {
  return { code: 0xb7, to, value };
}

export function add(to: number, value: number): Instruction {
  return { code: 0x07, to, value };
}

export function set64(to: number, value: bigint): readonly Instruction[] {
  const low = Number(BigInt.asIntN(32, value));
  const high = Number(BigInt.asIntN(32, value >> 32n));
  return [
    { code: 0x18, to, value: low },
    { code: 0, value: high },
  ];
}

/** The map behind a descriptor of ours. */
export function setMap(to: number, fd: number): readonly Instruction[] {
  return [{ code: 0x18, to, from: 1, value: fd }, { code: 0 }];
}

export function call(helper: number): Instruction {
  return { code: 0x85, value: helper };
}

export function jumpIfEqual(register: number, value: number, place: string): Instruction {
  return { code: 0x15, to: register, value, offset: place };
}

export function jumpUnlessEqual(register: number, value: number, place: string): Instruction {
  return { code: 0x55, to: register, value, offset: place };
}

/** Looks at the lower 32 bits. */
export function jumpIf32(register: number, value: number, place: string): Instruction {
  return { code: 0x16, to: register, value, offset: place };
}

/** Looks at the lower 32 bits. */
export function jumpUnless32(register: number, value: number, place: string): Instruction {
  return { code: 0x56, to: register, value, offset: place };
}

export function jumpUnlessSame(one: number, other: number, place: string): Instruction {
  return { code: 0x5d, to: one, from: other, offset: place };
}

export function exit(): Instruction {
  return { code: 0x95 };
}
