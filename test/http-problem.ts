import assert from 'node:assert/strict';
import { problemKinds } from '../src/http/problems.ts';
import type { TestApp } from './http-app.ts';

/** The media type that bodies have. */
export const json = { 'content-type': 'application/json' };

/** Sends a body to `POST /echo`, or wherever it is to go. */
export function post(
  app: TestApp,
  body: string | Buffer,
  { path = '/echo', headers = json }: { path?: string; headers?: Record<string, string> } = {},
): Promise<Response> {
  return fetch(app.url + path, { method: 'POST', body: new Uint8Array(Buffer.from(body)), headers });
}

/** Checks that an answer is a whole problem document of this code, and gives it. */
export async function problem(
  answer: Response,
  code: keyof typeof problemKinds,
  status: number = problemKinds[code].status,
): Promise<Record<string, unknown>> {
  const document = (await answer.json()) as Record<string, unknown>;
  assert.equal(document['code'], code);
  assert.equal(answer.status, status);
  assert.equal(document['status'], status);
  assert.equal(answer.headers.get('content-type'), 'application/problem+json');
  assert.equal(document['type'], `urn:tenantry:error:${code}`);
  assert.equal(document['title'], problemKinds[code].title);
  assert.equal(typeof document['detail'], 'string');
  assert.equal(document['request_id'], answer.headers.get('x-request-id'));
  return document;
}

/** Where the values are that a problem document tells of. */
export function pointers(document: Record<string, unknown>): string[] | undefined {
  return (document['errors'] as { pointer: string }[] | undefined)?.map(({ pointer }) => pointer);
}
