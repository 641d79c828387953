import { isUtf8 } from 'node:buffer';
import type { FastifyBodyParser, FastifyInstance, FastifyRequest, onRouteHookHandler } from 'fastify';
import { type Pace, paceFor } from '../store/slices.ts';
import type { Server } from './framework.ts';
import { parseInParts } from './json-parts.ts';
import { JsonScan, type ScanFault, scanJson } from './json-scan.ts';
import { EdgeError } from './problems.ts';

/** How a server reads the bodies of its routes. */
export function readBodies(server: Server): void {
  // Only a schema's validator refuses what the parser hands on in the place of a body.
  server.addHook('onRoute', ({ method, url, schema }) => {
    const taking = [method].flat().find((each) => ['POST', 'PUT', 'PATCH'].includes(each));
    if (taking !== undefined && schema?.body === undefined) {
      throw new Error(`${taking} ${url} takes a body and has no schema for it`);
    }
  });
  server.removeAllContentTypeParsers();
  server.addContentTypeParser('application/json', { parseAs: 'buffer' }, parseJsonBody);
  server.addContentTypeParser('application/merge-patch+json', { parseAs: 'buffer' }, parseMergePatch);
  // A body of DELETE means nothing (RFC 9110 section 9.3.5), and clients announce JSON where they send none.
  server.addHttpMethod('DELETE', { hasBody: false, overrideExisting: true });
}

/**
 * Reads a body of JSON, strictly (RFC 8259 with RFC 7493's limits): UTF-8 without a byte order mark, no member twice, no
 * deep nesting. What is wrong is handed on in the place of the body, for the route's validator to refuse: a parser that
 * fails would also end the connection, on which nothing went wrong.
 */
export const parseJsonBody: FastifyBodyParser<Buffer> = (request, bytes, done) => {
  const { headers } = request;
  const refuse = (error: unknown) => {
    if (error instanceof EdgeError) done(null, error);
    else done(error as Error);
  };
  try {
    refuseOtherForms(headers['content-type'] ?? '', headers['content-encoding']);
    if (bytes.length > mostAtOnce) {
      const reading = () => readLarge(request, bytes);
      (request.turn?.during(reading) ?? reading()).then((body) => done(null, body), refuse);
    } else done(null, read(bytes));
  } catch (error) {
    refuse(error);
  }
};

/** Bytes of a body that is read at once. */
const mostAtOnce = 16_384;

/** Bytes of a body of which many of an organization are in memory. */
const mostOfMany = 262_144;

/** Reads a merge patch (RFC 7396), which is JSON and means nothing but for PATCH. */
export const parseMergePatch: FastifyBodyParser<Buffer> = (request, bytes, done) => {
  if (request.method === 'PATCH') return parseJsonBody(request, bytes, done);
  done(null, new EdgeError('content_type_unsupported', 'The body must be application/json'));
};

function read(bytes: Buffer): unknown {
  const text = textOf(bytes);
  refuseFault(scanJson(text));
  return parse(text);
}

async function readLarge({ organization, turn }: FastifyRequest, bytes: Buffer): Promise<unknown> {
  if (bytes.length > mostOfMany) await turn?.enlarge();
  return await readInSlices(bytes, paceFor(organization?.id ?? ''));
}

/** Characters that are scanned before the time is looked at. */
const charactersAtOnce = 8_192;

/** As `read`, of a body for which others would wait too long. */
async function readInSlices(bytes: Buffer, pace: Pace): Promise<unknown> {
  await pace.next();
  const text = textOf(bytes);
  await pace.next();
  const scan = new JsonScan(text);
  while (!scan.isDone) {
    refuseFault(scan.scan(charactersAtOnce));
    if (pace.isOver()) await pace.next();
  }
  await pace.next();
  try {
    return await parseInParts(text, scan.cuts, pace);
  } catch (error) {
    throw error instanceof SyntaxError ? notJson() : error;
  }
}

function textOf(bytes: Buffer): string {
  if (bytes.length === 0) throw unreadable('The body is empty; a JSON object is expected');
  if (!isUtf8(bytes)) throw unreadable('The body is not UTF-8');
  const text = bytes.toString();
  if (text.startsWith('\ufeff')) throw unreadable('The body begins with a byte order mark');
  return text;
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    // The parser's message repeats a part of the body, which may be a password.
    throw notJson();
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

function refuseFault(found: ScanFault | undefined): void {
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
      throw notJson();
  }
}

function notJson(): EdgeError {
  return unreadable('The body is not JSON');
}

function unreadable(detail: string): EdgeError {
  return new EdgeError('body_unreadable', detail);
}

function invalid(pointer: string, detail: string): EdgeError {
  return new EdgeError('invalid_value', `${pointer} ${detail}`, { faults: [{ pointer, detail }] });
}

/** Has no answer keep the body of its request, which as values is many times its bytes, while it waits for its reader. */
export const forgetBodies: onRouteHookHandler = (route) => {
  if (route.schema?.body === undefined) return;
  route.onSend = (request, _reply, payload, done) => {
    request.body = undefined;
    done(null, payload);
  };
};

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
