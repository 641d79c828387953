import { parseEnv } from 'node:util';

/** What a `.env` file says, and where it cannot be relied on to say what its writer meant. */
export interface DotenvReading {
  readonly values: Readonly<Record<string, string | undefined>>;
  readonly wrong: readonly WrongLine[];
}

/** A line counted from 1, and what would be right. What stands there is not told: it may be a secret. */
export interface WrongLine {
  readonly line: number;
  readonly right: string;
}

/** An assignment as `parseEnv` of Node understands it: a quoted value may run over several lines. */
const assignment =
  /^[ \t]*(?:export[ \t]+)?(?<name>[\w.-]+)[ \t]*=(?:[ \t]*(?:"[^"]*"|'[^']*'|`[^`]*`)[ \t]*(?:#[^\n]*)?|(?<plain>[^\n]*?)(?:[ \t]+#[^\n]*)?)$/gm;

/**
 * Reads a `.env` file. Node's parser takes the values and passes over in silence what it does not understand; this also
 * tells of lines that are no assignment, quotes that do not close, values cut at a `#`, and names given twice.
 */
export function readDotenv(text: string): DotenvReading {
  const lines = text.replaceAll('\r\n', '\n').replace(/^\uFEFF/, '');
  const wrong: WrongLine[] = [];
  const seen = new Set<string>();
  const values: Record<string, string | undefined> = {};
  for (const match of lines.matchAll(assignment)) {
    const { name = '', plain = '' } = match.groups ?? {};
    const right = rightAssignment(name, plain, seen);
    if (right !== undefined) {
      wrong.push({ line: lineAt(lines, match.index), right });
    }
    seen.add(name);
    // One at a time: after a blank or an indented comment Node's parser takes the next line for a part of this one.
    Object.assign(values, parseEnv(match[0].trim()));
  }
  // What is left once the assignments are taken out, line breaks kept, must be comments and empty lines.
  const leftOver = lines.replace(assignment, (match) => match.replaceAll(/[^\n]/g, ''));
  for (const [index, line] of leftOver.split('\n').entries()) {
    if (!/^\s*(#|$)/.test(line)) {
      wrong.push({ line: index + 1, right: 'NAME=value, or begin with # where it is a comment' });
    }
  }
  return { values, wrong: wrong.sort((one, other) => one.line - other.line) };
}

function rightAssignment(name: string, plain: string, seen: ReadonlySet<string>): string | undefined {
  if (/^\s*["'`]/.test(plain)) {
    return `${name}=value with both quotes or none`;
  }
  if (plain.includes('#')) {
    return `${name}="value", in quotes, because # begins a comment`;
  }
  return seen.has(name) ? `given once: ${name} stands above already` : undefined;
}

function lineAt(text: string, index: number): number {
  return text.slice(0, index).split('\n').length;
}
