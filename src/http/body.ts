import { isUtf8 } from 'node:buffer';
import type { FastifyBodyParser, FastifyInstance } from 'fastify';
import { scanJson } from './json-scan.ts';
import { EdgeError } from './problems.ts';

/**
 * Reads a body of JSON, strictly (RFC 8259 with RFC 7493's limits): UTF-8 without a byte order mark, no member twice, no
 * deep nesting. What is wrong is handed on in the place of the body, for the route's validator to refuse: a parser that
 * fails would also end the connection, on which nothing went wrong.
 */
export const parseJsonBody: FastifyBodyParser<Buffer> = ({ headers }, bytes, done) => {
  try {
    done(null, read(bytes, headers['content-type'] ?? '', headers['content-encoding']));
  } catch (error) {
    if (error instanceof EdgeError) done(null, error);
    else done(error as Error);
  }
};

/** Reads a merge patch (RFC 7396), which is JSON and means nothing but for PATCH. */
export const parseMergePatch: FastifyBodyParser<Buffer> = (request, bytes, done) => {
  if (request.method === 'PATCH') return parseJsonBody(request, bytes, done);
  done(null, new EdgeError('content_type_unsupported', 'The body must be application/json'));
};

function read(bytes: Buffer, contentType: string, coding: string | undefined): unknown {
  refuseOtherForms(contentType, coding);
  if (bytes.length === 0) throw unreadable('The body is empty; a JSON object is expected');
  if (!isUtf8(bytes)) throw unreadable('The body is not UTF-8');
  const text = bytes.toString();
  if (text.startsWith('\ufeff')) throw unreadable('The body begins with a byte order mark');
  refuseFaults(text);
  try {
    return JSON.parse(text);
  } catch {
    // The parser's message repeats a part of the body, which may be a password.
    throw unreadable('The body is not JSON');
  }
}

function refuseOtherForms(contentType: string, coding: string | undefined): void {
  const charset = /;\s*charset\s*=\s*"?([^";\s]*)/i.exec(contentType)?.[1];
  if (charset !== undefined && charset.toLowerCase() !== 'utf-8') {
    throw new EdgeError('content_type_unsupported', 'JSON is read as UTF-8 alone');
  }
  if (coding !== undefined && coding.toLowerCase() !== 'identity') {
    throw new EdgeError('content_type_unsupported', 'The body must not be compressed', {
      headers: { 'accept-encoding': 'identity' },
    });
  }
}

/** What is told of a number that would come back as another one. */
export const unkeptNumber = 'is a number that would be rounded: send an integer beyond 2^53 - 1 as a string';

function refuseFaults(text: string): void {
  const found = scanJson(text);
  switch (found?.fault) {
    case undefined:
      return;
    case 'nul':
      throw invalid(found.pointer, 'must not contain NUL');
    case 'lone_surrogate':
      throw invalid(found.pointer, 'must not contain half of a surrogate pair');
    case 'unkept_number':
      throw invalid(found.pointer, unkeptNumber);
    case 'duplicate_member':
      throw unreadable(`The body has a member twice, at character ${found.offset}`);
    case 'too_deep':
      throw unreadable('The body is nested too deeply');
    case 'syntax':
      throw unreadable('The body is not JSON');
  }
}

function unreadable(detail: string): EdgeError {
  return new EdgeError('body_unreadable', detail);
}

function invalid(pointer: string, detail: string): EdgeError {
  return new EdgeError('invalid_value', `${pointer} ${detail}`, { faults: [{ pointer, detail }] });
}

/** The limit of a route whose body holds so many bytes of a client's data, and what may stand around them. */
export function bodyLimitFor(bytes: number): number {
  return bytes + FORM_BYTES;
}

/** Bytes that the longest body of a name, an email and a password can have, each character escaped, and as much again. */
const FORM_BYTES = 65_536;

/** The limit of the routes that take a short form, so that what nobody needs is not kept for whoever sends it. */
export function bodyLimitOf({ initialConfig }: Pick<FastifyInstance, 'initialConfig'>): number {
  return Math.min(FORM_BYTES, initialConfig.bodyLimit ?? FORM_BYTES);
}
