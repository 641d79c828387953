import { foldCase } from './fold-case.ts';

/** Code points of the trimmed name. */
const FEWEST = 3;
const MOST = 50;

/**
 * Control characters, and the two separators that break a line as some of them do: a name is one line in a log, a table
 * or the subject of a mail. Invisible format characters (Cf) are let in, because joiners and direction marks belong to
 * the spelling of names in Persian, Hindi or Hebrew.
 */
const CONTROL = /[\p{Cc}\p{Zl}\p{Zp}]/u;

/** What Unicode calls white space, and the byte order mark, which is pasted along with a text and cannot be seen. */
const TRIMMED = /[\p{White_Space}\uFEFF]/u;

const WHITE_SPACE = /\p{White_Space}+/gu;

/** Printable ASCII, one space between words: folded in one step. */
const PLAIN = /^[!-~]+(?: [!-~]+)*$/;

/** `org_` and a suffix of TypeID 0.3: 128 bits in 26 characters, so that the first is 7 at most. */
const ORGANIZATION_ID = /^org_[0-7][0-9a-hjkmnp-tv-z]{25}$/;

/** Whether a text is an organization's id, whether there is one with it or not. */
export function isOrganizationId(value: string): boolean {
  return ORGANIZATION_ID.test(value);
}

/** A name as it is stored: trimmed, otherwise as it was given. */
export function storedName(value: string): string {
  let start = 0;
  let end = value.length;
  while (start < end && TRIMMED.test(value.charAt(start))) start++;
  while (start < end && TRIMMED.test(value.charAt(end - 1))) end--;
  return value.slice(start, end);
}

/**
 * What names are compared by: trimmed, NFKC, full case folding, runs of white space one space. The key of a key is that
 * key. Any text has a key, also one that `checkName` refuses.
 */
export function nameKey(value: string): string {
  if (PLAIN.test(value)) return value.toLowerCase();
  // Compatibility forms hide letters that fold (`ℌ` is `H`), and folding leaves what composes again (`J̌` is `ǰ`).
  const folded = foldCase(value.normalize('NFKC')).normalize('NFKC');
  return storedName(folded).replace(WHITE_SPACE, ' ');
}

/**
 * What is wrong with the name of a new or renamed organization, as a sentence's end (`must be 3 to 50 characters long`),
 * or undefined where it may be stored.
 */
export function checkName(value: string): string | undefined {
  const name = storedName(value);
  if (!hasGoodLength(name)) return `must be ${FEWEST} to ${MOST} characters long`;
  if (!name.isWellFormed()) return 'must not contain half of a surrogate pair';
  if (CONTROL.test(name)) return 'must not contain control characters or line breaks';
  // A name's key becomes the id while the organization is deleted, and a path takes an id or a name, ids first.
  if (isOrganizationId(nameKey(name))) return 'must not be an organization id';
  return undefined;
}

function hasGoodLength(name: string): boolean {
  // A code point is two UTF-16 units at most: no need to count what is far too long.
  if (name.length > 2 * MOST) return false;
  const length = [...name].length;
  return length >= FEWEST && length <= MOST;
}
