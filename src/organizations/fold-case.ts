import { EXPANSIONS, RUNS } from './case-folding.ts';

const FOLDED = foldings();

/**
 * The full case folding of a text (Unicode section 5.18.4, statuses C and F of CaseFolding.txt): texts that differ in
 * case alone become the same, in any script, whatever the language. `ẞ` and `ß` become `ss`; the Turkish `ı` stays.
 */
export function foldCase(text: string): string {
  let folded = '';
  for (const character of text) folded += FOLDED.get(character) ?? character;
  return folded;
}

function foldings(): ReadonlyMap<string, string> {
  const folded = new Map<string, string>();
  for (let run = 0; run < RUNS.length; run += 4) {
    const [first = 0, last = 0, step = 1, offset = 0] = RUNS.slice(run, run + 4);
    for (let from = first; from <= last; from += step) {
      folded.set(String.fromCodePoint(from), String.fromCodePoint(from + offset));
    }
  }
  for (const [from, to] of EXPANSIONS) folded.set(String.fromCodePoint(from), to);
  return folded;
}
