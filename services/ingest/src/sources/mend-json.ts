/**
 * Repairs JSON that a template put together from text: escapes a raw line end, tab or other control character inside a
 * text, removes a comma after the last member, and removes a byte order mark. It changes nothing else and guesses
 * nothing: a truncated body stays broken. One pass, whatever the text holds.
 */
export function mendJson(text: string): string {
  const mended: string[] = [];
  let kept = 0;
  const replace = (from: number, to: number, by: string): void => {
    mended.push(text.slice(kept, from), by);
    kept = to;
  };
  let isInside = false;
  // The position of a comma that nothing has followed yet, and what came before it.
  let comma = -1;
  let before = '';
  const dropComma = (): void => {
    if (comma !== -1 && /[^[{,:]/.test(before)) replace(comma, comma + 1, '');
  };
  let last = '';
  for (let at = text.startsWith('\ufeff') ? (kept = 1) : 0; at < text.length; at++) {
    const char = text.charAt(at);
    if (isInside) {
      if (char === '\\') at++;
      else if (char === '"') isInside = false;
      else if (char < ' ') replace(at, at + 1, `\\u${char.charCodeAt(0).toString(16).padStart(4, '0')}`);
      continue;
    }
    if (/\s/.test(char)) continue;
    if (char === ']' || char === '}') dropComma();
    comma = char === ',' ? at : -1;
    if (char === ',') before = last;
    if (char === '"') isInside = true;
    last = char;
  }
  dropComma();
  mended.push(text.slice(kept));
  return mended.join('');
}
