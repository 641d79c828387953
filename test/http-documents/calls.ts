import assert from 'node:assert/strict';
import { text as wholeOf } from 'node:stream/consumers';
import type { Server } from '../../src/http/framework.ts';
import { firstBlockOf } from '../event-stream.ts';
import type { TestEdge, Told } from '../http-edge.ts';

/** The methods of version 1. */
export type Method = 'GET' | 'HEAD' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';

/** What a call carries. */
export interface Sent {
  readonly token?: string;
  /** A text is sent as it is, anything else as JSON. */
  readonly body?: unknown;
  readonly headers?: Readonly<Record<string, string>>;
}

/** An answer, with its text as it came; the body of one that is empty, or no JSON, is `{}`. */
export interface Answer extends Told {
  readonly text: string;
}

/** Makes a call of any method. */
export async function send(
  { server }: Pick<TestEdge, 'server'>,
  [method, url]: readonly [Method, string],
  { token, body, headers = {} }: Sent = {},
): Promise<Answer> {
  const payload = body === undefined || typeof body === 'string' ? body : JSON.stringify(body);
  const answer = await server.inject({
    payloadAsStream: true,
    method,
    url,
    headers: {
      ...(payload !== undefined && { 'content-type': 'application/json' }),
      ...(token !== undefined && { authorization: `Bearer ${token}` }),
      ...headers,
    },
    ...(payload !== undefined && { payload }),
  });
  const { statusCode: status } = answer;
  const text = await textOf(answer);
  const isJson = /^application\/(?:problem\+)?json/.test(String(answer.headers['content-type']));
  return { status, text, headers: answer.headers, body: isJson && text !== '' ? JSON.parse(text) : {} };
}

/** The text of an answer; of one that does not end its first block, and then the caller hangs up. */
async function textOf(answer: Awaited<ReturnType<Server['inject']>>): Promise<string> {
  const body = answer.stream();
  if (answer.headers['content-type'] !== 'text/event-stream') return await wholeOf(body);
  const text = await firstBlockOf(body);
  answer.raw.res.destroy();
  return text;
}

/** The body of an answer, which must have this status. */
export function bodyOf(answer: Answer, status = 200): Answer['body'] {
  assert.equal(answer.status, status, answer.text.slice(0, 1_000));
  return answer.body;
}

/** Fails unless the answer tells this problem, and of these values. */
export function assertRefused(
  { status, body, text }: Answer,
  [expected, code]: readonly [number, string],
  ...pointers: string[]
): void {
  const told = text.slice(0, 1_000);
  assert.deepEqual([status, body['code']], [expected, code], told);
  const errors = (body['errors'] ?? []) as readonly { readonly pointer: string }[];
  if (pointers.length > 0) {
    // One value may break two rules.
    assert.deepEqual([...new Set(errors.map(({ pointer }) => pointer))], pointers, told);
  }
}

/** The header field of an answer, which must be there. */
export function fieldOf({ headers }: Answer, name: string): string {
  const value = headers[name];
  assert.equal(typeof value, 'string', `${name} is there`);
  return String(value);
}
