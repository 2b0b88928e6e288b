/** A JSON value in which numbers are text, as the sender wrote them. */
export type Written = string | boolean | null | Written[] | { [key: string]: Written };

/**
 * Reads JSON and keeps each number as it is written: an id of 17 digits would be rounded, a phone number sent as a
 * number would lose its zeros, and a spreadsheet's 9.87654E+09 must be seen as such.
 * @returns undefined when it is not JSON
 */
export function readJson(text: string): Written | undefined {
  try {
    return JSON.parse(text, keepNumbersAsWritten);
  } catch {
    return undefined;
  }
}

/** A record's own field; undefined where it is no record. */
export function fieldOf(record: Written | undefined, name: string): Written | undefined {
  if (typeof record !== 'object' || record === null || Array.isArray(record)) return undefined;
  return Object.entries(record).find(([key]) => key === name)?.[1];
}

function keepNumbersAsWritten(_key: string, value: unknown, context?: { source?: string }): unknown {
  return typeof value === 'number' ? (context?.source ?? String(value)) : value;
}
