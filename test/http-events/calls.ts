import assert from 'node:assert/strict';
import { findLive } from '../../src/organizations/find-live.ts';
import { login, type TestEdge, type Told } from '../http-edge.ts';

/** The token of the operator of these tests. */
export const operatorToken = 'o'.repeat(32);

/** An event as the list shows it. */
export type Shown = Readonly<Record<string, unknown>> & { readonly type: string; readonly sequence: number };

/** What a call has beside its method and path; by the operator where no token is given. */
export interface Sent {
  readonly token?: string;
  readonly body?: object;
}

/** Sends a call: `send(edge, 'GET /')`. */
export async function send(
  { server }: TestEdge,
  call: string,
  { token = operatorToken, body }: Sent = {},
): Promise<Told> {
  const [method, url = ''] = call.split(' ') as ['GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE', string];
  const headers = { authorization: `Bearer ${token}` };
  const answer = await server.inject({ method, url, headers, ...(body !== undefined && { payload: body }) });
  return { status: answer.statusCode, headers: answer.headers, body: answer.json() };
}

/** Sends what must be done. */
export async function done(edge: TestEdge, call: string, sent: Sent = {}): Promise<Told> {
  const answer = await send(edge, call, sent);
  assert.ok(answer.status < 300, `${call}: ${answer.status} ${JSON.stringify(answer.body)}`);
  return answer;
}

/** All events of an organization, page by page, by the operator. */
export async function eventsOf(edge: TestEdge, organization: string, query = ''): Promise<Shown[]> {
  const found: Shown[] = [];
  let cursor = '';
  do {
    const path = `/v1/organizations/${encodeURIComponent(organization)}/events?${query}${cursor}`;
    const { body } = await done(edge, `GET ${path}`);
    found.push(...(body['data'] as Shown[]));
    cursor = body['next_cursor'] === null ? '' : `&cursor=${body['next_cursor']}`;
  } while (cursor !== '');
  return found;
}

/** The types of these events. */
export const typesOf = (found: readonly Shown[]) => found.map(({ type }) => type);
/** The numbers of these events. */
export const sequencesOf = (found: readonly Shown[]) => found.map(({ sequence }) => sequence);

/** Walks the chain. */
export const verify = (edge: TestEdge, organization: string, cursor = '') =>
  done(edge, `GET /v1/organizations/${organization}/events/verify${cursor}`);

/** Signs up over HTTP. */
export async function signUpByCall(
  edge: TestEdge,
  name: string,
): Promise<{ id: string; token: string; email: string }> {
  const [email, password] = [`ada@${name.toLowerCase()}.example`, `the password of ${name}`];
  await done(edge, 'POST /org/create', { body: { organization_name: name, email, password } });
  const { id } = await findLive(edge.opened.tenancy.records, name);
  const { body } = await login(edge, email, password);
  return { id, token: String(body['access_token']), email };
}
