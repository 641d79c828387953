import assert from 'node:assert/strict';
import type { OrganizationView } from '../../src/organizations/organization.ts';

/** An answer of the service, read to its end. */
export interface Answer {
  readonly status: number;
  readonly headers: Headers;
  readonly body: unknown;
}

/** Makes a call with a body of JSON and perhaps a token. Rejects where the connection ends without an answer. */
export async function call(
  url: string,
  [method, path]: readonly [string, string],
  { body, token }: { body?: object; token?: string } = {},
): Promise<Answer> {
  const response = await fetch(`${url}${path}`, {
    method,
    headers: {
      ...(body && { 'content-type': 'application/json' }),
      ...(token !== undefined && { authorization: `Bearer ${token}` }),
    },
    ...(body && { body: JSON.stringify(body) }),
  });
  return { status: response.status, headers: response.headers, body: await response.json() };
}

/** The sign-up of an organization whose admin is `NAME@example.com`. */
export function signUp(name: string) {
  return {
    organization_name: name,
    email: `${name.replaceAll(' ', '.')}@example.com`,
    password: `password of ${name}`,
  };
}

/** Creates an organization. */
export function create(url: string, name: string): Promise<Answer> {
  return call(url, ['POST', '/org/create'], { body: signUp(name) });
}

/** Reads an organization. */
export function read(url: string, name: string): Promise<Answer> {
  return call(url, ['GET', `/org/get?organization_name=${encodeURIComponent(name)}`]);
}

/** Deletes an organization. */
export function remove(url: string, name: string, token: string): Promise<Answer> {
  return call(url, ['DELETE', `/org/delete?organization_name=${encodeURIComponent(name)}`], { token });
}

/** Signs the admin of `signUp(name)` in, by the password given or the first one. */
export async function signIn(url: string, name: string, password = signUp(name).password): Promise<string> {
  const { email } = signUp(name);
  const { status, body } = await call(url, ['POST', '/admin/login'], { body: { email, password } });
  assert.equal(status, 200, JSON.stringify(body));
  return (body as { access_token: string }).access_token;
}

/** The organization in an answer. */
export function shown({ body }: Answer): OrganizationView {
  return body as OrganizationView;
}
