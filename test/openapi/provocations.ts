import type { ProblemCode } from '../../src/http/problems.ts';
import { unavailable } from '../intercept.ts';
import { calls, type ToldCall } from './document.ts';
import {
  commitsThat,
  fail,
  keepingNothing,
  limitsThat,
  noRoom,
  noRoomForCollection,
  passwordsThat,
  placesThat,
  readsThat,
  refuse,
  stopping,
  tooManyChanges,
  tooManyPasswords,
  tooManyReaders,
  tooManyWrites,
  writesThat,
} from './failing.ts';
import { type Different, operatorToken, type Sent } from './ground.ts';
import type { Standing } from './standing.ts';

/** How a call is made to fail: another service, another request, or calls before it. */
export interface Provocation {
  readonly different?: Different;
  readonly request?: (well: Sent, standing: Standing) => Partial<Sent>;
  /** A call that is made before. */
  readonly before?: (well: Sent) => Sent;
  /** That call changes what stands, so that no other provocation may come after it. */
  readonly alone?: true;
}

/** How a call is made to fail with a code; by its name where it takes another way than the others. */
type Provocations = Readonly<Record<string, Provocation>>;

/** The provocation of a code on a call. */
export function provocationOf(code: ProblemCode, { name }: ToldCall): Provocation {
  const ways: Provocations = provocations[code];
  return ways[name] ?? ways['any'] ?? {};
}

const organization = '/v1/organizations/{organization}';
const collections = `${organization}/collections`;
const events = `${organization}/events`;
const collection = `${collections}/{collection}`;
const documents = `${collection}/documents`;
const document = `${documents}/{id}`;
const batch = `POST ${documents}/batch`;
const imports = `POST ${organization}/import`;

/** What is written as the members of one document. */
const documentBodies = [`POST ${documents}`, `PUT ${document}`, `PATCH ${document}`];
const documentWrites = [...documentBodies, batch, imports, `DELETE ${documents}`, `DELETE ${document}`];
const recordWrites = [
  `PATCH ${organization}`,
  `DELETE ${organization}`,
  `POST ${collections}`,
  `DELETE ${collection}`,
  'DELETE /org/delete',
];

/** Calls of version 1 that take neither a body nor parameters in the query. */
const takingNothing = calls
  .filter(({ path, body }) => path.startsWith('/v1/') && body === undefined)
  .filter(({ parameters }) => parameters.every((parameter) => parameter.in !== 'query'))
  .map(({ name }) => name);

/** One byte more than a document may have. */
const tooLarge = { text: 'x'.repeat(1_048_577 - '{"text":""}'.length) };

/** A patch that leaves nothing of the document of the examples. */
const noMembers = { number: null, customer: null, total: null, status: null, note: null };

const provocations = {
  bad_request: { any: { request: () => ({ hostless: true }) } },
  body_unreadable: { any: { request: () => ({ body: '{"email"' }) } },
  organization_name_taken: {
    'POST /org/create': { request: (well) => changed(well, { organization_name: ' GLOBEX' }) },
    'PUT /org/update': { request: (well) => changed(well, { new_organization_name: 'globex' }) },
    'POST /v1/organizations': { request: (well) => changed(well, { name: 'Globex ' }) },
  },
  email_taken: {
    'POST /org/create': { request: (well, { globex }) => changed(well, { email: globex.email.toUpperCase() }) },
    'PUT /org/update': { request: (well, { globex }) => changed(well, { email: globex.email }) },
    'POST /v1/organizations': {
      request: (well, { globex }) => changed(well, { admin: { email: globex.email, password: 'another password' } }),
    },
  },
  not_authenticated: { any: { request: () => ({ headers: {} }) } },
  invalid_credentials: {
    any: { request: (well) => changed(well, { password: 'another password' }) },
    // Lines have no member to change.
    [imports]: {},
  },
  forbidden: {
    any: {
      request: ({ headers }, { globex }) => ({ headers: { ...headers, authorization: `Bearer ${globex.token}` } }),
    },
  },
  organization_not_found: {
    any: { request: ({ path }) => ({ path: path.replace('acme', 'nobody') }) },
    'PUT /org/update': { request: (well) => changed(well, { organization_name: 'Nobody' }) },
  },
  collection_not_found: { any: { request: ({ path }) => ({ path: path.replace('invoices', 'receipts') }) } },
  collection_exists: { [`POST ${collections}`]: { request: (well) => changed(well, { name: 'invoices' }) } },
  collection_permanent: {
    [`DELETE ${collection}`]: { request: ({ path }) => ({ path: path.replace('invoices', 'default') }) },
  },
  document_not_found: {
    any: { request: atNoDocument },
    [batch]: { request: () => operations({ op: 'delete', id: 'inv-9' }) },
  },
  document_exists: { [batch]: { request: () => operations({ op: 'insert', id: 'inv-1001', document: {} }) } },
  document_too_large: {
    ...each(documentBodies, { request: () => ({ body: JSON.stringify(tooLarge) }) }),
    [`PATCH ${document}`]: { request: () => ({ body: JSON.stringify({ ...noMembers, ...tooLarge }) }) },
    [batch]: { request: () => operations({ op: 'insert', document: tooLarge }) },
  },
  precondition_failed: {
    any: { request: ({ headers }) => ({ headers: { ...headers, 'if-match': '"another"' } }) },
    [batch]: { request: () => operations({ op: 'delete', id: 'inv-1001', if_match: '"another"' }) },
  },
  quota_exceeded: {
    [`POST ${collections}`]: quotas({ collections: 2 }),
    [`POST ${documents}`]: quotas({ documents: 2 }),
    [batch]: { ...quotas({ documents: 2 }), request: () => operations({ op: 'insert', document: {} }) },
    [`PUT ${document}`]: { ...quotas({ documents: 2 }), request: atNoDocument },
    [`PATCH ${document}`]: { ...quotas({ bytes: 0 }), request: (well) => changed(well, { note: 'x'.repeat(1_000) }) },
  },
  route_not_found: {
    any: { different: { environment: { TENANTRY_METRICS_TOKEN: 'x'.repeat(32) } } },
    ...each(
      [
        'GET /v1/clusters',
        'GET /v1/organizations',
        'POST /v1/organizations',
        `PATCH ${organization}`,
        `GET ${organization}/placement`,
      ],
      { request: asAdmin },
    ),
  },
  method_not_allowed: { any: { request: () => ({ method: 'PATCH' }) } },
  request_timeout: {
    any: {
      different: { environment: { TENANTRY_REQUEST_TIMEOUT_SECONDS: '1' } },
      request: () => ({ unfinished: true }),
    },
  },
  body_too_large: {
    any: { request: () => ({ body: `"${'x'.repeat(2 * 1_048_576)}"` }) },
    ...each([batch, imports], { request: () => ({ body: `"${'x'.repeat(8 * 1_048_576)}"` }) }),
  },
  uri_too_long: { any: { request: ({ path }) => ({ path: `${path}?${'x'.repeat(16_384)}` }) } },
  content_type_unsupported: {
    any: { request: ({ headers }) => ({ headers: { ...headers, 'content-type': 'text/plain' } }) },
  },
  expectation_failed: { any: { request: ({ headers }) => ({ headers: { ...headers, expect: '200-ok' } }) } },
  invalid_value: {
    any: { request: (well) => changed(well, { email: undefined }) },
    'PUT /org/update': { request: (well) => changed(well, { colour: 'red' }) },
    ...each(['GET /org/get', 'DELETE /org/delete'], { request: ({ path }) => ({ path: path.replace(/\?.*/, '') }) }),
    ...each(takingNothing, { request: ({ path }) => ({ path: `${path}?page=2` }) }),
    ...each(['GET /v1/organizations', `GET ${collections}`, `GET ${documents}`, `GET ${events}`], {
      request: ({ path }) => ({ path: path.replace(/(\?|$)/, '?limit=0&') }),
    }),
    [`GET ${organization}/events/stream`]: {
      request: ({ headers }) => ({ headers: { ...headers, 'last-event-id': 'x' } }),
    },
    [`GET ${organization}/export`]: { request: ({ path }) => ({ path: `${path}&collection=invoices` }) },
    [imports]: { request: ({ path }) => ({ path: `${path}?first_line=0` }) },
    [`GET ${events}/verify`]: { request: ({ path }) => ({ path: `${path}?cursor=none` }) },
    [`PATCH ${organization}`]: { request: (well) => changed(well, { quotas: { documents: 'many' } }) },
    [`POST ${collections}`]: { request: (well) => changed(well, { name: 'Orders' }) },
    ...each(documentBodies, { request: (well) => changed(well, { _note: 'mine' }) }),
    [batch]: { request: () => operations({ op: 'delete' }) },
    'POST /v1/organizations': { request: (well) => changed(well, { admin: { password: 'another password' } }) },
  },
  idempotency_key_reused: {
    'POST /v1/organizations': keyOf({
      name: 'Initech',
      admin: { email: 'bill@initech.example', password: 'another password' },
    }),
    [`POST ${collections}`]: keyOf({ name: 'receipts' }),
    [`POST ${documents}`]: keyOf({ number: 1004 }),
    [batch]: keyOf({ operations: [{ op: 'delete', id: 'inv-1002' }] }),
  },
  idempotency_keys_full: { any: { different: { edge: keepingNothing }, request: withKey } },
  rate_limited: {
    any: {
      different: { environment: { TENANTRY_LIMIT_ADDRESS: '1/minute' } },
      before: () => ({ method: 'GET', path: '/', headers: {} }),
    },
  },
  headers_too_large: {
    any: { request: ({ headers }) => ({ headers: { ...headers, 'x-many': Array<string>(100).fill('x') } }) },
  },
  internal: {
    any: { different: { edge: limitsThat(fail) } },
    'GET /health/ready': { different: { edge: () => ({ ready: fail }) } },
    'GET /metrics': { different: { edge: ({ metrics }) => ({ metrics: { ...metrics, text: fail } }) } },
  },
  clusters_full: {
    any: { different: { edge: placesThat('assign', refuse(noRoom)) } },
    [`POST ${collections}`]: { different: { edge: placesThat('keepCollection', refuse(noRoomForCollection)) } },
  },
  busy: {
    any: {
      different: {
        environment: { TENANTRY_REQUESTS: '1' },
        prepare: ({ workload }) => workload.take({}),
      },
    },
    ...each(['POST /org/create', 'POST /admin/login', 'POST /v1/organizations'], {
      different: { edge: passwordsThat(refuse(tooManyPasswords)) },
    }),
    'PUT /org/update': { different: { edge: passwordsThat(refuse(tooManyPasswords)) }, request: withNewPassword },
    [`GET ${organization}`]: { different: { edge: readsThat(refuse(tooManyChanges)) } },
    [`GET ${organization}/events/stream`]: { different: { edge: tooManyReaders } },
    ...each(recordWrites, { different: { edge: commitsThat(refuse(tooManyChanges)) } }),
    ...each(documentWrites, { different: { edge: writesThat(refuse(tooManyWrites)) } }),
  },
  stopping: {
    any: { different: { edge: passwordsThat(refuse(stopping)) } },
    'PUT /org/update': { different: { edge: passwordsThat(refuse(stopping)) }, request: withNewPassword },
    ...each(['GET /health/ready', `GET ${organization}/events/stream`], {
      different: { prepare: ({ connections }) => connections.stop() },
    }),
    ...each(documentWrites, { different: { edge: writesThat(refuse(stopping)) } }),
  },
  storage_unavailable: {
    any: { different: { edge: readsThat(refuse(unavailable)) } },
    'GET /health/ready': { different: { edge: () => ({ ready: refuse(unavailable) }) } },
    // For the operator nothing is read, whose answer tells of a storage that is gone.
    'GET /v1/clusters': { different: { edge: readsThat(refuse(unavailable)) }, request: asAdmin },
  },
} satisfies Record<ProblemCode, Provocations>;

/** The same call with other members in its body; undefined leaves one out. */
function changed(well: Sent, members: Readonly<Record<string, unknown>>): Partial<Sent> {
  return { body: JSON.stringify({ ...JSON.parse(well.body ?? '{}'), ...members }) };
}

/** An admin is not told of the operator's calls. */
function asAdmin({ headers }: Sent, { globex }: Standing): Partial<Sent> {
  return { headers: { ...headers, authorization: `Bearer ${globex.token}` } };
}

function withNewPassword(well: Sent): Partial<Sent> {
  return changed(well, { password: 'another password' });
}

function each(calls: readonly string[], provocation: Provocation): Provocations {
  return Object.fromEntries(calls.map((call) => [call, provocation]));
}

function atNoDocument({ path }: Sent): Partial<Sent> {
  return { path: path.replace('inv-1001', 'inv-9') };
}

function operations(...given: object[]): Partial<Sent> {
  return { body: JSON.stringify({ operations: given }) };
}

/** Where the operator has bounded what the organization of the examples may have. */
function quotas(quotas: object): Provocation {
  return {
    alone: true,
    before: () => ({
      method: 'PATCH',
      path: '/v1/organizations/acme%20corp',
      headers: { authorization: `Bearer ${operatorToken}`, 'content-type': 'application/json' },
      body: JSON.stringify({ quotas }),
    }),
  };
}

function withKey({ headers }: Sent): Pick<Sent, 'headers'> {
  return { headers: { ...headers, 'idempotency-key': 'k' } };
}

/** A key under which something else was asked for before. */
function keyOf(members: Readonly<Record<string, unknown>>): Provocation {
  return {
    alone: true,
    before: (well) => ({ ...well, ...withKey(well), ...changed(well, members) }),
    request: withKey,
  };
}
