// The order of names in Docker's lists: numbers inside them count as numbers, "n2" before "n10".

/** Negative, 0 or positive, for `sort`. */
export function byName(a: string, b: string): number {
  const partsA = a.match(/\d+|\D+/g) ?? [];
  const partsB = b.match(/\d+|\D+/g) ?? [];
  for (let at = 0; at < partsA.length && at < partsB.length; at++) {
    const [partA = "", partB = ""] = [partsA[at], partsB[at]];
    if (partA === partB) continue;
    if (/^\d/.test(partA) && /^\d/.test(partB)) {
      const difference = Number(partA) - Number(partB);
      if (difference !== 0) return difference;
      return partB.length - partA.length;
    }
    return partA < partB ? -1 : 1;
  }
  return partsA.length - partsB.length;
}
