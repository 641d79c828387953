import { account, type Call, type Chapter, create, credentials, other, signIn } from './calls.ts';
import { operator } from './script-v1.ts';

/** Calls below one organization, by its name, with the token of this name. */
function callsOf(name: string, token: string) {
  return (status: number, method: string, path: string, body?: object | string, headers?: Call['headers']): Call =>
    other(status, method, `/v1/organizations/${encodeURIComponent(name)}${path}`, {
      token,
      ...(body !== undefined && { body }),
      ...(headers !== undefined && { headers }),
    });
}

const docs = '/collections/default/documents';
const users = '/collections/users/documents';
const keyed = { 'idempotency-key': 'a-key' };

const data =
  '{"b":[1,-0,1.5,6.02e23,{"$gt":""},{"$date":"x"},{"__proto__":{"a.b":{"":null}}}],"a":"ä😀\\u2028","$where":1}';

const refusedBodies = [
  '{"_id":"x"}',
  '{"_a/b":1}',
  '{"a":{"_bsontype":"ObjectId"}}',
  '{"a":[{"$ref":"x","$id":1}]}',
  '{"a":9007199254740993}',
  '{"a":1e400}',
  '{"a":[1,1e20]}',
  '{"a":"\\u0000"}',
  '{"a":"\\ud800"}',
  `{"a":${'['.repeat(16)}${']'.repeat(16)}}`,
  '[]',
  'null',
];

type At = ReturnType<typeof callsOf>;

const collections = (at: At): Chapter => [
  at(201, 'POST', '/collections', { name: 'users' }, keyed),
  at(201, 'POST', '/collections', { name: 'users' }, keyed),
  at(422, 'POST', '/collections', { name: 'others' }, keyed),
  at(409, 'POST', '/collections', { name: 'users' }),
  at(409, 'POST', '/collections', { name: 'default' }),
  ...['', 'A', '_a', 'a-b', 'a.b', 'x'.repeat(64)].map((name) => at(422, 'POST', '/collections', { name })),
  at(422, 'POST', '/collections', { name: { $gt: '' } }),
  at(200, 'GET', '/collections'),
  at(200, 'GET', '/collections?limit=1'),
  at(200, 'GET', '/collections/users'),
  at(200, 'HEAD', '/collections/users'),
  at(404, 'GET', '/collections/nothing'),
  at(404, 'GET', '/collections/%00'),
];

const writing = (at: At): Chapter => [
  at(201, 'POST', docs, data),
  at(201, 'PUT', `${docs}/a`, data),
  at(200, 'GET', `${docs}/a`),
  at(200, 'PATCH', `${docs}/a`, '{"a":null,"b":{"__proto__":{"x":1}},"c":[null]}'),
  at(200, 'PATCH', `${docs}/a`, '{}', { 'content-type': 'application/merge-patch+json' }),
  at(415, 'PUT', `${docs}/a`, '{}', { 'content-type': 'application/merge-patch+json' }),
  at(200, 'PUT', `${docs}/a`, '{}'),
  at(200, 'HEAD', `${docs}/a`),
  at(304, 'GET', `${docs}/a`, undefined, { 'if-none-match': '*' }),
  at(412, 'PUT', `${docs}/a`, {}, { 'if-none-match': '*' }),
  at(412, 'PATCH', `${docs}/a`, {}, { 'if-match': '"x"' }),
  at(412, 'DELETE', `${docs}/none`, undefined, { 'if-match': '*' }),
  at(400, 'DELETE', `${docs}/a`, undefined, { 'if-match': 'x' }),
  ...refusedBodies.map((body) => at(422, 'PUT', `${docs}/a`, body)),
  at(400, 'PUT', `${docs}/a`, '{"a":1,"a":2}'),
  ...['a%2Fb', '%20', '%00', 'x'.repeat(129), '%7B%22$gt%22:%22%22%7D'].flatMap((id) => [
    at(422, 'PUT', `${docs}/${id}`, {}),
    at(404, 'PATCH', `${docs}/${id}`, {}),
    at(404, 'GET', `${docs}/${id}`),
    at(404, 'DELETE', `${docs}/${id}`),
  ]),
  at(201, 'PUT', `${docs}/%62atch`, { title: 'B' }),
  at(200, 'GET', `${docs}/batch`),
  at(204, 'DELETE', `${docs}/batch`),
  at(404, 'DELETE', `${docs}/batch`),
  at(404, 'PUT', '/collections/nothing/documents/a', {}),
];

const together = (at: At): Chapter => [
  at(201, 'POST', users, { n: 1 }, { 'idempotency-key': 'b-key' }),
  at(201, 'POST', users, { n: 1 }, { 'idempotency-key': 'b-key' }),
  at(422, 'POST', users, { n: 2 }, { 'idempotency-key': 'b-key' }),
  at(400, 'POST', users, { n: 2 }, { 'idempotency-key': 'b key' }),
  at(200, 'POST', `${users}/batch`, {
    operations: [
      { op: 'insert', id: 'b', document: { n: 1 } },
      { op: 'insert', id: 'B', document: { n: 2 } },
      { op: 'insert', id: '~', document: { n: 3 } },
    ],
  }),
  ...[
    [{ op: 'insert', id: 'b', document: {} }],
    [
      { op: 'insert', document: {} },
      { op: 'delete', id: 'none' },
    ],
    [{ op: 'replace', id: 'b', document: {}, if_match: '"x"' }],
  ].map((operations, number) => at([409, 404, 412][number] ?? 0, 'POST', `${users}/batch`, { operations })),
  at(422, 'POST', `${users}/batch`, { operations: [] }),
  at(422, 'POST', `${users}/batch`, { operations: [{ op: 'insert', id: 'x', document: { _a: 1 } }, { op: 'x' }] }),
  at(422, 'POST', `${users}/batch`, {
    operations: [
      { op: 'delete', id: 'b' },
      { op: 'delete', id: 'b' },
    ],
  }),
  ...['', '?direction=descending', '?limit=2', '?limit=2&direction=descending'].map((query) =>
    at(200, 'GET', users + query),
  ),
  ...['?limit=0', '?direction=up', '?cursor=x', '?limit=1&limit=1'].map((query) => at(422, 'GET', users + query)),
  at(200, 'GET', '/collections/users/count'),
  at(200, 'GET', '/usage'),
];

const ending = (at: At, byOperator: At): Chapter => [
  byOperator(200, 'PATCH', '', { quotas: { documents: 6, bytes: 1_000, collections: 2 } }),
  byOperator(422, 'PATCH', '', { quotas: { documents: -1 } }),
  at(404, 'PATCH', '', { quotas: { documents: 7 } }),
  at(409, 'PUT', `${docs}/full`, {}),
  at(409, 'PATCH', `${docs}/a`, { text: 'x'.repeat(1_000) }),
  at(409, 'POST', '/collections', { name: 'more' }),
  at(204, 'DELETE', `${users}/b`),
  at(201, 'PUT', `${docs}/full`, {}),
  at(200, 'GET', '/usage'),
  at(200, 'DELETE', docs),
  at(200, 'GET', docs),
  at(409, 'DELETE', '/collections/default'),
  at(200, 'DELETE', '/collections/users'),
  at(404, 'DELETE', '/collections/users'),
  at(404, 'GET', users),
  at(201, 'POST', '/collections', { name: 'users' }),
  at(200, 'GET', users),
  at(201, 'PUT', `${users}/a`, { n: 1 }),
  byOperator(200, 'GET', ''),
  at(200, 'DELETE', ''),
  at(401, 'GET', docs),
  byOperator(404, 'GET', docs),
  byOperator(404, 'DELETE', ''),
];

/** Creates an organization at this level, does all of this to it, and deletes it; no more at a time than limits let. */
function story(level: string): Readonly<Record<string, Chapter>> {
  const [name, word] = [`Documents ${level}`, `documents-${level}`];
  const body = { name, admin: credentials(word), placement: { level } };
  const [at, byOperator] = [callsOf(name, word), callsOf(name, operator)];
  return {
    [`collections and documents at level ${level}`]: [
      other(201, 'POST', '/v1/organizations', { token: operator, body }),
      signIn(200, credentials(word), word),
      at(200, 'GET', ''),
      ...collections(at),
      ...writing(at),
    ],
    [`batches, lists, quotas and the end at level ${level}`]: [
      ...together(at),
      callsOf('Nobody', word)(404, 'GET', docs),
      callsOf(name, 'nobody')(401, 'GET', docs),
      ...ending(at, byOperator),
    ],
  };
}

/** Documents and collections at each level. */
export const documentChapters: Readonly<Record<string, Chapter>> = {
  ...story('pooled'),
  ...story('collection'),
  ...story('database'),
};

const [stays, staying] = ['Stays Ltd', 'stays'];
const inStays = callsOf(stays, staying);

/** The same at level `cluster`, and an organization that stays there; for a service whose default it is. */
export const clusterChapters: Readonly<Record<string, Chapter>> = {
  ...story('cluster'),
  'an organization that stays in a cluster': [
    create(201, account(staying, stays)),
    create(400, account('stays2', 'STAYS ltd')),
    signIn(200, credentials(staying), staying),
    inStays(201, 'PUT', `${docs}/a`, data),
    inStays(200, 'GET', `${docs}/a`),
    callsOf(stays, operator)(200, 'GET', '/placement'),
    other(200, 'GET', '/v1/organizations?level=cluster&cluster=east', { token: operator }),
    other(200, 'GET', '/v1/organizations?cluster=main', { token: operator }),
  ],
};
