/** How deep a body may nest. Real records stay far below; V8 fails between 2,000 and 5,000. */
export const maxLevels = 100;

export const tooDeep = { pointer: '', reason: 'too_deep', detail: `is nested deeper than ${maxLevels} levels` };

/** Whether a parsed JSON value nests deeper than `maxLevels`. Walks without recursion, whatever the depth. */
export function nestsTooDeep(value: unknown): boolean {
  let level: object[] = isNest(value) ? [value] : [];
  for (let depth = 1; level.length > 0; depth++) {
    if (depth > maxLevels) return true;
    const inner: object[] = [];
    for (const nest of level) for (const item of Object.values(nest)) if (isNest(item)) inner.push(item);
    level = inner;
  }
  return false;
}

/** The same for JSON text before parsing. For text that is no JSON either answer is fine. */
export function textNestsTooDeep(text: string): boolean {
  let depth = 0;
  for (const [token] of text.matchAll(/"(?:[^"\\]|\\.)*"?|[[\]{}]/gs)) {
    if (token === '[' || token === '{') depth++;
    else if (token === ']' || token === '}') depth--;
    if (depth > maxLevels) return true;
  }
  return false;
}

/** Writes a parsed value as JSON.stringify does, but at any depth. */
export function writeJson(value: unknown): string {
  const written: string[] = [];
  const waiting: Part[] = [{ value }];
  for (let next = waiting.pop(); next !== undefined; next = waiting.pop()) {
    if ('text' in next) written.push(next.text);
    else if (Array.isArray(next.value)) {
      const parts = next.value.map((item: unknown) => [{ value: item }]);
      waiting.push(...inside('[', parts, ']').toReversed());
    } else if (isNest(next.value)) {
      const parts = Object.entries(next.value).map(([key, item]) => [
        { text: `${JSON.stringify(key)}:` },
        { value: item },
      ]);
      waiting.push(...inside('{', parts, '}').toReversed());
    } else written.push(JSON.stringify(next.value));
  }
  return written.join('');
}

type Part = { text: string } | { value: unknown };

function inside(open: string, parts: Part[][], close: string): Part[] {
  const separated = parts.flatMap((part, at) => (at === 0 ? part : [{ text: ',' }, ...part]));
  return [{ text: open }, ...separated, { text: close }];
}

function isNest(value: unknown): value is object {
  return typeof value === 'object' && value !== null;
}
