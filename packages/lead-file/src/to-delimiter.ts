const delimiters = [',', ';', '\t', '|'] as const;
export type Delimiter = (typeof delimiters)[number];

/** What separates the cells of a header line: the one that it holds most of, outside of quotes. */
export function toDelimiter(headerLine: string): Delimiter {
  const bare = headerLine.replaceAll(/"(?:[^"]|"")*"/g, '');
  let most: Delimiter = ',';
  for (const delimiter of delimiters) if (countOf(bare, delimiter) > countOf(bare, most)) most = delimiter;
  return most;
}

function countOf(text: string, part: string): number {
  return text.split(part).length - 1;
}
