/** The first string, by code point, after all that begin with the prefix; undefined where there is none. */
export function prefixEnd(prefix: string): string | undefined {
  const points = Array.from(prefix, (character) => character.codePointAt(0) ?? 0);
  for (let point = points.pop(); point !== undefined; point = points.pop()) {
    if (point === 0x10ffff) continue;
    // Surrogates are no code points of a string in UTF-8.
    points.push(point === 0xd7ff ? 0xe000 : point + 1);
    return String.fromCodePoint(...points);
  }
  return undefined;
}
