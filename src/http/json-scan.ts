import { beginsNumber, endOfNumber, isKept } from './json-numbers.ts';

/**
 * What `JSON.parse` accepts in silence and Tenantry refuses, with the place where it was found. `offset` counts UTF-16
 * units from the start of the text; `pointer` is a JSON pointer as a URI fragment (RFC 6901 section 6).
 */
export type ScanFault =
  | { readonly fault: 'duplicate_member' | 'too_deep' | 'syntax'; readonly offset: number }
  | { readonly fault: 'nul' | 'lone_surrogate' | 'unkept_number'; readonly pointer: string };

/** Arrays and objects within each other, the outermost counted. */
const MOST_LEVELS = 32;

/** Up to here comparing names one by one is faster than a Set. */
const FEW_NAMES = 8;

const QUOTE = 0x22;
const COMMA = 0x2c;
const OPEN_ARRAY = 0x5b;
const BACKSLASH = 0x5c;
const CLOSE_ARRAY = 0x5d;
const LETTER_U = 0x75;
const OPEN_OBJECT = 0x7b;
const CLOSE_OBJECT = 0x7d;

/**
 * Scans a JSON text for its first duplicate member, nesting over 32, NUL, lone surrogate, or number that would come back as
 * another one (`json-numbers.ts`). It stands beside
 * `JSON.parse`, which must run after it and refuses what is not JSON: of a text that `JSON.parse` accepts the verdict is
 * exact, of any other it may be anything (`syntax` is told only where going on would make no sense). Never throws; time
 * and memory are linear in the text.
 */
export function scanJson(text: string): ScanFault | undefined {
  return new JsonScan(text).scanTo(text.length);
}

/** An array or object that is open at a place of a text. */
export interface Open {
  readonly isObject: boolean;
  /** The member or element in which the next one is open; where none is, the last before the place. */
  readonly token: string;
}

/** A comma at which a text may be parted, and what is open there, the outermost first. */
export interface Cut {
  readonly at: number;
  readonly open: readonly Open[];
}

/** Characters of a part, at least. */
const shortestPart = 16_384;

/** The scan of a text, as far as it has come. */
export class JsonScan {
  readonly #text: string;
  readonly #strings: Strings;
  readonly #levels: Level[] = [];
  #level: Level | undefined;
  #at = 0;
  readonly #cuts: Cut[] = [];
  #nextCut = shortestPart;

  constructor(text: string) {
    this.#text = text;
    this.#strings = new Strings(text);
  }

  /** Whether the scan has come to the end of the text. */
  get isDone(): boolean {
    return this.#at >= this.#text.length;
  }

  /** Where the text may be parted, in their order. Only of a text that was scanned to its end. */
  get cuts(): readonly Cut[] {
    return this.#cuts;
  }

  /** Scans about `characters` more, to the end of a string or number. @returns the first fault */
  scan(characters: number): ScanFault | undefined {
    return this.scanTo(Math.min(this.#text.length, this.#at + characters));
  }

  /** Scans as far as `until`, to the end of a string or number. @returns the first fault */
  scanTo(until: number): ScanFault | undefined {
    const text = this.#text;
    const strings = this.#strings;
    const levels = this.#levels;
    let level = this.#level;
    let at = this.#at;
    for (; at < until; at++) {
      switch (text.charCodeAt(at)) {
        case QUOTE: {
          const end = strings.endOf(at);
          if (end === -1) return { fault: 'syntax', offset: at };
          const fault = level?.nameIsNext ? scanName(strings, levels, at) : scanValue(strings, levels);
          if (fault !== undefined) return fault;
          at = end;
          break;
        }
        case COMMA:
          if (at >= this.#nextCut && level !== undefined) this.#cut(at);
          level?.next();
          break;
        case OPEN_OBJECT:
        case OPEN_ARRAY:
          if (levels.length === MOST_LEVELS) return { fault: 'too_deep', offset: at };
          level = new Level(text.charCodeAt(at) === OPEN_OBJECT);
          levels.push(level);
          break;
        case CLOSE_OBJECT:
        case CLOSE_ARRAY:
          levels.pop();
          level = levels.at(-1);
          break;
        default: {
          if (!beginsNumber(text.charCodeAt(at))) break;
          const end = endOfNumber(text, at);
          if (!isKept(text, at, end)) return { fault: 'unkept_number', pointer: pointerTo(levels) };
          at = end - 1;
          break;
        }
      }
    }
    this.#level = level;
    this.#at = at;
    return undefined;
  }

  #cut(at: number): void {
    this.#cuts.push({ at, open: this.#levels.map(({ isObject, token }) => ({ isObject, token })) });
    this.#nextCut = at + shortestPart;
  }
}

function scanName(strings: Strings, levels: readonly Level[], offset: number): ScanFault | undefined {
  const name = strings.decoded();
  const level = levels.at(-1);
  if (name === undefined || level === undefined) return { fault: 'syntax', offset };
  const isNew = level.enter(name);
  const flaw = strings.flaw();
  if (flaw !== undefined) return { fault: flaw, pointer: pointerTo(levels) };
  return isNew ? undefined : { fault: 'duplicate_member', offset };
}

function scanValue(strings: Strings, levels: readonly Level[]): ScanFault | undefined {
  const flaw = strings.flaw();
  return flaw === undefined ? undefined : { fault: flaw, pointer: pointerTo(levels) };
}

/** The strings of a text, one after the other. */
class Strings {
  readonly #text: string;
  readonly #wellFormed: boolean;
  /** Where the next backslash is: a string that ends before it has no escapes and needs no closer look. */
  #backslash: number;
  #start = 0;
  #end = 0;
  #hasEscapes = false;
  #mayHaveFlaw = false;

  constructor(text: string) {
    this.#text = text;
    this.#wellFormed = text.isWellFormed();
    this.#backslash = placeOf(text, '\\', 0);
  }

  /** Moves to the string that begins with the quote at `start`; the place of its closing quote, or -1 if there is none. */
  endOf(start: number): number {
    this.#start = start;
    this.#hasEscapes = false;
    this.#mayHaveFlaw = !this.#wellFormed;
    const quote = this.#text.indexOf('"', start + 1);
    this.#end = quote === -1 || quote < this.#backslash ? quote : this.#endWithEscapes();
    return this.#end;
  }

  #endWithEscapes(): number {
    const text = this.#text;
    let end = -1;
    let at = this.#backslash;
    for (; at < text.length; at++) {
      const code = text.charCodeAt(at);
      if (code === QUOTE) {
        end = at;
        break;
      }
      if (code !== BACKSLASH) continue;
      at++;
      if (text.charCodeAt(at) === LETTER_U) this.#mayHaveFlaw ||= isNulOrSurrogate(text, at + 1);
    }
    this.#hasEscapes = true;
    this.#backslash = placeOf(text, '\\', at);
    return end;
  }

  /** The string with its escapes decoded, or undefined if they are wrong. */
  decoded(): string | undefined {
    if (!this.#hasEscapes) return this.#text.slice(this.#start + 1, this.#end);
    try {
      return JSON.parse(this.#text.slice(this.#start, this.#end + 1));
    } catch {
      return undefined;
    }
  }

  /** What is wrong with the characters of the string. */
  flaw(): 'nul' | 'lone_surrogate' | undefined {
    if (!this.#mayHaveFlaw) return undefined;
    const string = this.decoded() ?? '';
    if (string.includes('\0')) return 'nul';
    return string.isWellFormed() ? undefined : 'lone_surrogate';
  }
}

/** Whether the four hexadecimal digits at `at` may write U+0000 or half of a surrogate pair. */
function isNulOrSurrogate(text: string, at: number): boolean {
  const first = text[at];
  return first === 'd' || first === 'D' || text.startsWith('0000', at);
}

/** An array or object that is open: where the scan stands in it, and the names that it had. */
class Level {
  readonly isObject: boolean;
  /** A string may stand here that is a member's name. */
  nameIsNext: boolean;
  #name = '';
  #index = 0;
  #few: string[] | undefined;
  #many: Set<string> | undefined;

  constructor(isObject: boolean) {
    this.isObject = isObject;
    this.nameIsNext = isObject;
  }

  /** The token that leads from here to the member or element where the scan stands. */
  get token(): string {
    return this.isObject ? this.#name : String(this.#index);
  }

  /** Goes on behind a comma. */
  next(): void {
    this.nameIsNext = this.isObject;
    this.#index++;
  }

  /** Enters the member of this name. False where there was one already. */
  enter(name: string): boolean {
    this.nameIsNext = false;
    this.#name = name;
    if (this.#many !== undefined) return this.#many.size < this.#many.add(name).size;
    this.#few ??= [];
    if (this.#few.includes(name)) return false;
    this.#few.push(name);
    if (this.#few.length > FEW_NAMES) this.#many = new Set(this.#few);
    return true;
  }
}

/** UTF-16 units of a member's name that a pointer repeats. */
const longestShown = 100;

function pointerTo(levels: readonly Level[]): string {
  return pointerOf(levels.map(({ token }) => token));
}

/** A JSON pointer as a URI fragment (RFC 6901 section 6); long names are cut. */
export function pointerOf(path: readonly string[]): string {
  return `#${path.map((token) => `/${fragmentOf(shortened(token))}`).join('')}`;
}

/** A name as a token of a pointer in a fragment. A lone surrogate in it has no spelling there and is told as U+FFFD. */
function fragmentOf(name: string): string {
  const token = name.toWellFormed().replaceAll('~', '~0').replaceAll('/', '~1');
  return encodeURI(token).replaceAll('#', '%23');
}

/** A name can be as long as the body, and its spelling in a pointer six times that. */
function shortened(name: string): string {
  return name.length > longestShown ? `${name.slice(0, longestShown)}…` : name;
}

function placeOf(text: string, sought: string, from: number): number {
  const place = text.indexOf(sought, from);
  return place === -1 ? text.length : place;
}
