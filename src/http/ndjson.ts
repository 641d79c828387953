import { isUtf8 } from 'node:buffer';
import type { FastifyBodyParser } from 'fastify';
import type { ImportLine } from '../documents/import-line.ts';
import { unkeptNumber } from './body.ts';
import { scanJson } from './json-scan.ts';
import { EdgeError } from './problems.ts';

/** The media type of lines of JSON (https://github.com/ndjson/ndjson-spec). */
export const ndjson = 'application/x-ndjson';

/** Takes a body of lines as it is. What is wrong with its form is handed on for the route's validator, as of JSON. */
export const parseNdjsonBody: FastifyBodyParser<Buffer> = ({ headers }, bytes, done) => {
  const charset = /;\s*charset\s*=\s*"?([^";\s]*)/i.exec(headers['content-type'] ?? '')?.[1] ?? 'utf-8';
  const coding = headers['content-encoding'] ?? 'identity';
  if (charset.toLowerCase() !== 'utf-8') done(null, unsupported('Lines are read as UTF-8 alone'));
  else if (coding.toLowerCase() !== 'identity') done(null, unsupported('The body must not be compressed', coding));
  else done(null, bytes);
};

/** Refuses a body of any other type. */
export const refuseOtherBody: FastifyBodyParser<Buffer> = (_request, _bytes, done) => {
  done(null, unsupported(`The body must be ${ndjson}`));
};

function unsupported(detail: string, coding?: string): EdgeError {
  return new EdgeError(
    'content_type_unsupported',
    detail,
    coding === undefined ? {} : { headers: { 'accept-encoding': 'identity' } },
  );
}

/** Which lines are read, and how. */
export interface LinesRange {
  /** The number of the first. */
  readonly first: number;
  /** Bytes that a line may have. */
  readonly most: number;
}

const lineFeed = 0x0a;
const byteOrderMark = '\ufeff';

/**
 * Reads lines of JSON one by one, each as strictly as a body. The last one needs no line feed; a carriage return before
 * it is white space of JSON, and a byte order mark before the first line is passed over.
 */
export function* linesOf(bytes: Buffer, { first, most }: LinesRange): Generator<ImportLine, void, void> {
  let number = first;
  for (let start = 0; start < bytes.length; number++) {
    const found = bytes.indexOf(lineFeed, start);
    const end = found === -1 ? bytes.length : found;
    yield { number, ...readLine(bytes.subarray(start, end), { most, isFirst: start === 0 }) };
    start = end + 1;
  }
}

interface Reading {
  readonly most: number;
  readonly isFirst: boolean;
}

function readLine(bytes: Buffer, { most, isFirst }: Reading): { value: unknown } | { detail: string } {
  if (bytes.length > most) return { detail: `The line has ${bytes.length} bytes; it may have ${most}` };
  if (!isUtf8(bytes)) return { detail: 'The line is not UTF-8' };
  let text = bytes.toString();
  if (isFirst && text.startsWith(byteOrderMark)) text = text.slice(byteOrderMark.length);
  if (text.trim() === '') return { value: undefined };
  const fault = faultIn(text);
  if (fault !== undefined) return { detail: fault };
  try {
    return { value: JSON.parse(text) };
  } catch {
    // The parser's message repeats a part of the line.
    return { detail: 'The line is not JSON' };
  }
}

function faultIn(text: string): string | undefined {
  const found = scanJson(text);
  switch (found?.fault) {
    case undefined:
      return undefined;
    case 'nul':
      return `${found.pointer} must not contain NUL`;
    case 'lone_surrogate':
      return `${found.pointer} must not contain half of a surrogate pair`;
    case 'unkept_number':
      return `${found.pointer} ${unkeptNumber}`;
    case 'duplicate_member':
      return `The line has a member twice, at character ${found.offset}`;
    case 'too_deep':
      return 'The line is nested too deeply';
    case 'syntax':
      return 'The line is not JSON';
  }
}
