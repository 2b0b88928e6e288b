const delimiters = [',', ';', '\t', '|'] as const;
export type Delimiter = (typeof delimiters)[number];

/** The separator of a header's cells: the candidate that occurs most often outside quotes. */
export function toDelimiter(headerLine: string): Delimiter {
  const bare = headerLine.replaceAll(/"(?:[^"]|"")*"/g, '');
  let most: Delimiter = ',';
  for (const delimiter of delimiters) if (countOf(bare, delimiter) > countOf(bare, most)) most = delimiter;
  return most;
}

function countOf(text: string, part: string): number {
  return text.split(part).length - 1;
}
