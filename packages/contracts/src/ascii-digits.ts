/** Converts any script's decimal digits, dashes, dots and spaces to ASCII, and drops invisible marks. */
export function toAsciiDigits(text: string): string {
  if (/^[\x20-\x7e]*$/.test(text)) return text;
  return text
    .normalize('NFKC')
    .replaceAll(/\p{Cf}/gu, '')
    .replaceAll(/[\p{Pd}\u2212]/gu, '-')
    .replaceAll(/[\u00b7\u2022\u2024]/g, '.')
    .replaceAll(/\p{Nd}/gu, (digit) => String(digitValue(digit)));
}

/** In Unicode, each script's ten digits are one run that begins at zero. */
function digitValue(digit: string): number {
  const code = digit.codePointAt(0) ?? 0;
  let zero = code;
  while (zero > code - 9 && /^\p{Nd}$/u.test(String.fromCodePoint(zero - 1))) zero--;
  // The run of another script may end right below this one; ours then begins at a multiple of ten from its start.
  return (code - zero) % 10;
}
