import assert from 'node:assert/strict';
import { call, create, read, signIn, signUp } from '../service/calls.ts';

/** Calls of every kind that the dashboard shows, made one after the other until the end of the scope. */
export async function makeTraffic(url: string): Promise<AsyncDisposable> {
  const ending = new AbortController();
  assert.equal((await create(url, 'acme')).status, 201);
  const token = await signIn(url, 'acme');
  const stream = await fetch(`${url}/v1/organizations/acme/events/stream`, {
    headers: { authorization: `Bearer ${token}` },
    signal: ending.signal,
  });
  assert.equal(stream.status, 200);
  const calling = callOn(url, token, ending.signal);
  return {
    async [Symbol.asyncDispose]() {
      ending.abort();
      await calling;
    },
  };
}

async function callOn(url: string, token: string, signal: AbortSignal): Promise<void> {
  const path = '/v1/organizations/acme/collections/default/documents';
  const { email } = signUp('acme');
  while (!signal.aborted) {
    const written = await call(url, ['POST', path], { body: { text: 'hello' }, token });
    const { _id: id } = written.body as { _id: string };
    await call(url, ['GET', `${path}/${id}`], { token });
    await call(url, ['GET', path], { token });
    await read(url, 'acme');
    await read(url, 'nobody');
    await signIn(url, 'acme');
    await call(url, ['POST', '/admin/login'], { body: { email, password: 'a wrong password' } });
    assert.ok([200, 204].includes((await fetch(`${url}${path}/${id}`, removal(token))).status));
  }
}

function removal(token: string): RequestInit {
  return { method: 'DELETE', headers: { authorization: `Bearer ${token}` } };
}
