// Lists of CPUs and memory nodes as the kernel writes them: `0-3,7` (cpuset(7), "List format").

/** What `asked` names beyond `available`; undefined when `asked` is no list. An empty list asks for nothing. */
export function outsideOf(asked: string, available: string): readonly number[] | undefined {
  const wanted = numbersIn(asked);
  const there = new Set(numbersIn(available));
  return wanted?.filter((number) => !there.has(number));
}

/** Above any CPU number that a kernel knows (NR_CPUS is at most 8192); keeps `0-4000000000` from filling the memory. */
const tooHigh = 8192;

function numbersIn(list: string): number[] | undefined {
  const numbers: number[] = [];
  for (const part of list.trim() === "" ? [] : list.trim().split(",")) {
    const range = /^\s*(\d+)(?:-(\d+))?\s*$/.exec(part);
    if (!range) return undefined;
    const from = Number(range[1]);
    const to = Number(range[2] ?? range[1]);
    if (to < from || to >= tooHigh) return undefined;
    for (let number = from; number <= to; number++) numbers.push(number);
  }
  return numbers;
}
