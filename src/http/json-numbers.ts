/** The longest integer that surely is kept has 15 digits. */
const surelyKept = 15;

/** From here on `JSON.stringify` writes an exponent. */
const leastWithExponent = 1e21;

/** Whether a number begins with this character, outside of strings: a digit or `-`. */
export function beginsNumber(code: number): boolean {
  return code === 0x2d || (code >= 0x30 && code <= 0x39);
}

/** The place behind a number of a JSON text. */
export function endOfNumber(text: string, start: number): number {
  let end = start + 1;
  while (isOfNumber(text.charCodeAt(end))) end += 1;
  return end;
}

/** Digits, and `+ - . E e`. */
function isOfNumber(code: number): boolean {
  return (code >= 0x30 && code <= 0x39) || code === 0x2e || code === 0x2b || code === 0x2d || (code | 0x20) === 0x65;
}

/**
 * Whether a number of a JSON text comes back as what it was. These do not: an integer beyond 2^53 - 1, which `JSON.parse`
 * rounds; what is written otherwise and would be answered as such an integer; and what is past the range of a double.
 */
export function isKept(text: string, start: number, end: number): boolean {
  const literal = text.slice(start, end);
  if (literal.length <= surelyKept && !/[eE]/.test(literal)) return true;
  const value = Number(literal);
  if (!Number.isInteger(value)) return Number.isFinite(value);
  if (Number.isSafeInteger(value)) return true;
  return /[.eE]/.test(literal) && Math.abs(value) >= leastWithExponent;
}
