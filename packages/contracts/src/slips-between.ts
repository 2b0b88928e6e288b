/** How many letters are missing, added, wrong or swapped with their neighbour. */
export function slipsBetween(one: string, other: string): number {
  let [twoBefore, before]: [number[], number[]] = [[], Array.from({ length: other.length + 1 }, (_, n) => n)];
  for (let row = 1; row <= one.length; row++) {
    const now = [row];
    for (let column = 1; column <= other.length; column++) {
      const isSame = one[row - 1] === other[column - 1];
      const isSwapped = one[row - 1] === other[column - 2] && one[row - 2] === other[column - 1];
      now.push(
        Math.min(
          (before[column] ?? 0) + 1,
          (now[column - 1] ?? 0) + 1,
          (before[column - 1] ?? 0) + (isSame ? 0 : 1),
          isSwapped ? (twoBefore[column - 2] ?? Infinity) + 1 : Infinity,
        ),
      );
    }
    [twoBefore, before] = [before, now];
  }
  return before[other.length] ?? 0;
}

/**
 * Each word as it stands in the vocabulary, where it is written with a slip or two: "intrested". Short words stay, for one
 * letter makes another word of them, and so does the first letter.
 */
export function withoutSlips(text: string, vocabulary: ReadonlySet<string>): string {
  return text
    .split(' ')
    .map((word) => {
      if (word.length < 5 || word.length > 30 || vocabulary.has(word)) return word;
      const most = word.length >= 8 ? 2 : 1;
      const near = [...vocabulary]
        .filter((known) => known.length >= 5 && known[0] === word[0] && Math.abs(known.length - word.length) <= most)
        .map((known) => ({ known, slips: slipsBetween(known, word) }))
        .toSorted((a, b) => a.slips - b.slips)[0];
      return near !== undefined && near.slips <= most ? near.known : word;
    })
    .join(' ');
}
