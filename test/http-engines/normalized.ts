import type { WireAnswer } from '../http-wire.ts';

/** An answer, or a record, in which only that is left which must be the same on every engine. */
export interface Normalizer {
  answer(answer: WireAnswer): WireAnswer;
  /** A record as it is stored; in a text, so that the order of its members counts. */
  record(record: object): string;
}

/**
 * Replaces what is another one in each process: ids, times and what is random. Each is replaced only where it stands in
 * its own place and has the form that it must have; an id by its number in the order of appearance, so that a wrong one
 * shows. One for each service, for all its answers.
 */
export function createNormalizer(): Normalizer {
  const seen = new Map<string, number>();
  const numbered = (kind: string, value: string) => {
    if (!seen.has(value)) seen.set(value, seen.size);
    return `<${kind} ${seen.get(value)}>`;
  };
  const places = placesOf(numbered);
  const inJson = (text: string) =>
    JSON.stringify(
      JSON.parse(text, (member, value) => (typeof value === 'string' ? (places[member]?.(value) ?? value) : value)),
    );
  return {
    record: (record) => inJson(JSON.stringify(record)),
    answer: (answer) => ({
      status: answer.status,
      headers: normalizedHeaders(answer),
      body: normalizedBody(answer.body, answer.headers, inJson),
    }),
  };
}

type Place = (value: string) => string;

const letters = '[0-9a-hjkmnp-tv-z]';
const idInTag = new RegExp(`^"org_${letters}{26}\\.`);
/** That of a document, which is made of its id and its times. */
const documentTag = /^"[\w-]{43}"$/;
const time = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/;
/** The first part is the process's, the second counts its requests, which are as many on every engine. */
const requestId = /^[0-9a-z]{10}-(?=[0-9a-z]+$)/;

/** By the names of members. */
function placesOf(numbered: (kind: string, value: string) => string): Readonly<Record<string, Place>> {
  const id: Place = (value) =>
    new RegExp(`^(?:org|usr|doc)_${letters}{26}$`).test(value) ? numbered('id', value) : value;
  const moment: Place = (value) => value.replace(time, '<time>');
  // Made of the end of an id, where the plain name is another's.
  const collection: Place = (value) => value.replace(new RegExp(`(?<=^org_.*_)${letters}{8}$`), '<end of an id>');
  const keyId: Place = (value) => (/^[\w-]{43}$/.test(value) ? numbered('key', value) : value);
  return {
    id,
    _id: id,
    admin_user_id: id,
    name_key: id,
    // A file's name here, the name of the master database there.
    database: () => '<database>',
    next_cursor: (value) => value.replace(/^[\w-]+\.[\w-]{43}\.[\w-]{86}$/, '<cursor>'),
    created_at: moment,
    updated_at: moment,
    _created_at: moment,
    _updated_at: moment,
    etag: (value) => value.replace(documentTag, '<tag>'),
    collection_name: collection,
    deleted_collection: collection,
    request_id: (value) => value.replace(requestId, '<process>-'),
    kid: keyId,
    x: (value) => value.replace(/^[\w-]{43}$/, '<public key>'),
    access_token: (value) => normalizedToken(value, { id, keyId }),
    detail: (value) => value.replace(/(?<=^Too many .*; try again in )\d+(?= s$)/, '<seconds>'),
    hash: (value) => value.replace(/^\$2b\$04\$[./\w]{53}$/, '<hash>'),
  };
}

/** All claims with their values, but for the instants; how long it lives is left. */
function normalizedToken(token: string, { id, keyId }: Readonly<Record<'id' | 'keyId', Place>>): string {
  const [header = '', payload = '', signature = ''] = token.split('.');
  const read = (part: string) => JSON.parse(Buffer.from(part, 'base64url').toString());
  const { kid, ...algorithm } = read(header);
  const { sub, organization_id, iat, exp, jti, ...claims } = read(payload);
  return JSON.stringify([
    { ...algorithm, kid: keyId(kid) },
    { ...claims, sub: id(sub), organization_id: id(organization_id), seconds: exp - iat, jti: jti.length },
    signature.length,
  ]);
}

function normalizedHeaders({ headers, status, body }: WireAnswer): WireAnswer['headers'] {
  const places: Readonly<Record<string, Place>> = {
    date: (value) => (new Date(value).toUTCString() === value ? '<date>' : value),
    'x-request-id': (value) => value.replace(requestId, '<process>-'),
    etag: (value) => (isOfProgram(headers) ? value : value.replace(idInTag, '"<id>.').replace(documentTag, '<tag>')),
    location: (value) => value.replaceAll(new RegExp(`(?:org|doc)_${letters}{26}(?=/|$)`, 'g'), '<id>'),
    ratelimit: (value) => value.replaceAll(/(?<=;t=)\d+/g, '<seconds>'),
    ...(status === 429 && { 'retry-after': (value: string) => value.replace(/^\d+$/, '<seconds>') }),
    // A cursor holds a position, which is an engine's own.
    ...((isMetrics(headers) || /"database":|"next_cursor":"/.test(body)) && {
      'content-length': (value: string) => value.replace(/^\d+$/, '<length>'),
    }),
  };
  return Object.fromEntries(Object.entries(headers).map(([name, value]) => [name, places[name]?.(value) ?? value]));
}

function normalizedBody(body: string, headers: WireAnswer['headers'], inJson: Place): string {
  if (isMetrics(headers)) return metricNames(body);
  const isMade = !isOfProgram(headers) && /^application\/(?:problem\+)?json/.test(headers['content-type'] ?? '');
  return isMade && body !== '' ? inJson(body) : body;
}

/** What has an ETag and may be kept is a file of the program. */
function isOfProgram(headers: WireAnswer['headers']): boolean {
  return headers['etag'] !== undefined && headers['cache-control'] !== 'no-store';
}

function isMetrics(headers: WireAnswer['headers']): boolean {
  return headers['content-type']?.startsWith('text/plain; version=') ?? false;
}

/** The metrics with their descriptions, and the series of those of the service; which series the runtime has is its affair. */
function metricNames(text: string): string {
  const lines = text.split('\n').filter((line) => line.startsWith('#') || line.startsWith('tenantry_'));
  return lines
    .map((line) =>
      line.startsWith('#') ? line : line.replace(/ [\d.e+-]+$/, '').replace(/\bengine="\w+"/, 'engine="…"'),
    )
    .join('\n');
}
