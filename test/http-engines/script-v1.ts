import { account, type Chapter, create, credentials, other, signIn } from './calls.ts';

/** Under which name the operator's token is sent. */
export const operator = 'operator';

const list = (status: number, query = '', token = operator) =>
  other(status, 'GET', `/v1/organizations${query}`, { token });

const named = (status: number, name: string, token: string, rest = '') =>
  other(status, 'GET', `/v1/organizations/${encodeURIComponent(name)}${rest}`, { token });

const post = (status: number, body: object | string, key?: string) =>
  other(status, 'POST', '/v1/organizations', {
    token: operator,
    body,
    ...(key !== undefined && { headers: { 'idempotency-key': key } }),
  });

const wayne = { name: 'Wayne', admin: { email: 'bruce@example.com', password: 'the password of bruce' } };

/** Version 1 of the API. */
export const version1: Chapter = [
  create(201, account('tony', 'Stark Industries')),
  signIn(200, credentials('tony'), 'tony'),
  create(201, account('pepper', 'Stark')),
  signIn(200, credentials('pepper'), 'pepper'),
  ...['Stark Industries', ' STARK  industries '].flatMap((name) => [
    named(200, name, 'tony'),
    named(404, name, 'pepper'),
    named(200, name, operator),
    named(401, name, 'nobody'),
    named(404, name, 'tony', '/placement'),
    named(200, name, operator, '/placement'),
  ]),
  ...['Nobody', 'org_01jqv4zsx7e8p9rk3m2n5t6wbd', '%', '\0', 'x'.repeat(1_024)].flatMap((name) => [
    named(404, name, 'tony'),
    named(404, name, operator),
    named(404, name, operator, '/placement'),
  ]),
  named(414, 'x'.repeat(1_025), operator),
  other(401, 'GET', '/v1/organizations/Stark'),
  other(200, 'HEAD', '/v1/organizations/Stark', { token: operator }),
  other(405, 'DELETE', '/v1/organizations', { token: operator }),
  list(200, '?name_prefix=stark'),
  list(200, '?name_prefix=stark&limit=1'),
  list(200, '?name_prefix=nobody'),
  list(200, '?name_prefix=stark&status=active&level=collection&cluster=main'),
  list(200, '?name_prefix=stark&cluster=other'),
  ...['?limit=0', '?limit=a', '?status=gone', '?cursor=x', '?limit=1&limit=2'].map((query) => list(422, query)),
  list(404, '', 'tony'),
  list(401, '', 'nobody'),
  post(201, wayne, 'a-key'),
  post(201, wayne, 'a-key'),
  post(422, { ...wayne, name: 'Other' }, 'a-key'),
  post(409, wayne),
  post(409, wayne, 'another-key'),
  post(409, { ...wayne, name: 'Other' }),
  post(400, wayne, 'two words'),
  post(400, '{'),
  post(422, {}),
  post(422, { name: 'ab', admin: { email: 'x', password: 'short', role: 'x' } }),
  post(422, { name: 'ab', admin: { email: 'x', password: 'short' } }),
  signIn(200, credentials('bruce'), 'bruce'),
  named(200, 'wayne', 'bruce'),
];
