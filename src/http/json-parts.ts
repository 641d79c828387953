import type { Pace } from '../store/slices.ts';
import type { Cut, Open } from './json-scan.ts';

type Container = unknown[] | Record<string, unknown>;

/** No member of a text that was scanned has this name. */
const placeholder = '\0';

/**
 * As `JSON.parse`, part by part; others come in between. A part is parsed in what is open where it begins, behind a
 * placeholder for all that came before, so that all parts are JSON where the text is, and nowhere else.
 *
 * @param cuts of the text, in which the scan found no fault
 * @throws {SyntaxError} the text is not JSON
 */
export async function parseInParts(text: string, cuts: readonly Cut[], pace: Pace): Promise<unknown> {
  let whole: unknown;
  let [from, before]: [number, readonly Open[]] = [0, []];
  for (const { at, open } of [...cuts, { at: text.length, open: [] }]) {
    const part = parsePart(text.slice(from, at), before, open);
    if (before.length === 0) whole = part;
    else add(whole as Container, part as Container, before);
    [from, before] = [at + 1, open];
    if (pace.isOver()) await pace.next();
  }
  return whole;
}

function parsePart(part: string, before: readonly Open[], after: readonly Open[]): unknown {
  // Closed at once it would be empty, but a comma follows.
  if (after.length > 0 && /[[{]$/.test(part.trimEnd())) throw new SyntaxError('a value is missing');
  const opening = before.map(({ isObject }) => (isObject ? `{${JSON.stringify(placeholder)}:` : '[')).join('');
  const closing = after.map(({ isObject }) => (isObject ? '}' : ']')).reverse();
  return JSON.parse(`${opening}${before.length > 0 ? '0,' : ''}${part}${closing.join('')}`);
}

/** Adds the members and elements of a part to what was open where it begins. */
function add(whole: Container, part: Container, open: readonly Open[]): void {
  let [onto, more] = [whole, part];
  for (const { token } of open) {
    // Of the innermost these are no containers, and are not looked at.
    const inner = (onto as Record<string, unknown>)[token] as Container;
    const next = (Array.isArray(more) ? more[0] : more[placeholder]) as Container;
    append(onto, more);
    [onto, more] = [inner, next];
  }
}

function append(onto: Container, more: Container): void {
  if (Array.isArray(onto)) {
    for (const element of (more as unknown[]).slice(1)) onto.push(element);
    return;
  }
  for (const [name, value] of Object.entries(more)) {
    // Assigned it would be the prototype.
    if (name === '__proto__')
      Object.defineProperty(onto, name, { value, writable: true, enumerable: true, configurable: true });
    else if (name !== placeholder) onto[name] = value;
  }
}
