import assert from 'node:assert/strict';
import { Compile } from 'typebox/schema';
import { type ToldAnswer, type ToldCall, type ToldSuccess, withComponents } from './document.ts';
import type { Received } from './ground.ts';

/** Fails unless the answer is what the document says, down to its example. */
export function assertAnswered(received: Received, told: ToldSuccess, { name, path }: ToldCall): void {
  assertTold(received, told);
  if (told.mediaType === undefined) {
    assert.equal(received.text, '');
  } else if (told.mediaType === 'application/x-ndjson') {
    assert.deepEqual(withoutChance(linesIn(received.text)), withoutChance(linesIn(String(told.example))));
  } else if (told.mediaType === 'application/json') {
    const answer: unknown = JSON.parse(received.text);
    assertValid(told.schema, answer, name);
    // The whole document would be as long again.
    if (path === '/openapi.json') assert.partialDeepStrictEqual(answer, told.example);
    else assert.deepEqual(withoutChance(answer), withoutChance(told.example));
  } else if (told.mediaType === 'text/event-stream') {
    assert.ok(String(told.example).startsWith(received.text), received.text);
  } else {
    assert.ok(received.text.includes(String(told.example)), `the answer has what its example has`);
  }
}

function linesIn(text: string): unknown[] {
  assert.ok(text.endsWith('\n'), 'the last line is whole');
  return text
    .slice(0, -1)
    .split('\n')
    .map((line) => JSON.parse(line));
}

/** Fails unless the answer has the status, the media type and the header fields that the document says. */
export function assertTold(received: Received, told: ToldAnswer & { code?: string }): void {
  assert.equal(received.status, told.status, received.text);
  assert.equal(String(received.headers['content-type'] ?? '').split(';')[0], told.mediaType ?? '');
  // The count itself is made to fail, or does not come to it.
  const isUncounted = told.code === 'internal' || received.text.includes('Too much is in work');
  for (const name of Object.keys(told.headers)) {
    if (name.startsWith('RateLimit') && isUncounted) continue;
    assert.ok(received.headers[name.toLowerCase()] !== undefined, `the answer has ${name}`);
  }
  for (const name of ['ETag', 'Location']) {
    assert.equal(name in told.headers, name.toLowerCase() in received.headers, `the document tells of ${name}`);
  }
}

/** Fails unless the schema accepts the value. */
export function assertValid(schema: Readonly<Record<string, unknown>>, value: unknown, what: string): void {
  const [valid, errors] = Compile(withComponents(schema)).Errors(value);
  assert.ok(valid, `${what}: ${JSON.stringify(errors)}`);
}

const byChance = [
  'request_id',
  'created_at',
  'updated_at',
  '_created_at',
  '_updated_at',
  'access_token',
  'etag',
  'sha256',
  'time',
  'personal_salt',
  'personal_digest',
  'previous_hash',
  'hash',
];

/** The ids that the service makes. */
const madeId = /^(?:org|usr|doc)_[0-9a-z]{26}(?:\.\d{12})?$/;

/** A value without what differs each time. */
export function withoutChance(value: unknown): unknown {
  const text = JSON.stringify(value, function (member, value) {
    const isMade = typeof value === 'string' && madeId.test(value);
    // What a cluster takes on the disk is no count of documents.
    const isSize = member === 'bytes' && 'health' in this;
    return byChance.includes(member) || isMade || isSize ? '(another each time)' : value;
  });
  return JSON.parse(text);
}
