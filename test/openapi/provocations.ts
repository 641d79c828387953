import { TenantryError } from '../../src/errors.ts';
import type { ProblemCode } from '../../src/http/problems.ts';
import { intercept, unavailable } from '../intercept.ts';
import type { TestAdmin } from '../tenancy.ts';
import type { ToldCall } from './document.ts';
import { type Different, operatorToken, type Sent } from './ground.ts';

/** Whoever is there before a call is made: the organization of the examples, and another one. */
export interface Standing {
  /** Of the admin of the organization of the examples; empty where it is not there yet. */
  readonly acmeToken: string;
  readonly globex: TestAdmin;
}

/** How a call is made to fail: another service, another request, or calls before it. */
export interface Provocation {
  readonly different?: Different;
  readonly request?: (well: Sent, standing: Standing) => Partial<Sent>;
  /** A call that is made before. */
  readonly before?: (well: Sent) => Sent;
}

/** How a call is made to fail with a code; by its name where it takes another way than the others. */
type Provocations = Readonly<Record<string, Provocation>>;

/** The call as its example has it, with a token where it wants one. */
export function wellFormed(call: ToldCall, { acmeToken }: Standing): Sent {
  const examples = (place: 'path' | 'query') =>
    call.parameters.flatMap(({ name, in: where, example }): [string, string][] =>
      where === place && example !== undefined ? [[name, example]] : [],
    );
  const query = new URLSearchParams(examples('query'));
  const path = examples('path').reduce(
    (path, [name, example]) => path.replace(`{${name}}`, encodeURIComponent(example)),
    call.path,
  );
  const token = { admin: acmeToken, operator: operatorToken };
  const body = call.bodies[0];
  return {
    method: call.method,
    path: query.size === 0 ? path : `${path}?${query}`,
    headers: {
      ...(call.bearer && { authorization: `Bearer ${token[call.bearer]}` }),
      ...(body !== undefined && { 'content-type': 'application/json' }),
    },
    ...(body !== undefined && { body: JSON.stringify(body) }),
  };
}

/** The provocation of a code on a call. */
export function provocationOf(code: ProblemCode, { name }: ToldCall): Provocation {
  const ways: Provocations = provocations[code];
  return ways[name] ?? ways['any'] ?? {};
}

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
  invalid_credentials: { any: { request: (well) => changed(well, { password: 'another password' }) } },
  forbidden: {
    any: {
      request: ({ headers }, { globex }) => ({ headers: { ...headers, authorization: `Bearer ${globex.token}` } }),
    },
  },
  organization_not_found: {
    any: { request: ({ path }) => ({ path: path.replace('acme', 'nobody') }) },
    'PUT /org/update': { request: (well) => changed(well, { organization_name: 'Nobody' }) },
  },
  route_not_found: {
    any: { different: { environment: { TENANTRY_METRICS_TOKEN: 'x'.repeat(32) } } },
    'GET /v1/organizations/{organization}/placement': { request: asAdmin },
    'GET /v1/organizations': { request: asAdmin },
    'POST /v1/organizations': { request: asAdmin },
  },
  method_not_allowed: { any: { request: () => ({ method: 'PATCH' }) } },
  request_timeout: {
    any: {
      different: { environment: { TENANTRY_REQUEST_TIMEOUT_SECONDS: '1' } },
      request: () => ({ unfinished: true }),
    },
  },
  body_too_large: { any: { request: () => ({ body: `"${'x'.repeat(1_048_576)}"` }) } },
  uri_too_long: { any: { request: ({ path }) => ({ path: `${path}?${'x'.repeat(16_384)}` }) } },
  content_type_unsupported: {
    any: { request: ({ headers }) => ({ headers: { ...headers, 'content-type': 'text/plain' } }) },
  },
  expectation_failed: { any: { request: ({ headers }) => ({ headers: { ...headers, expect: '200-ok' } }) } },
  invalid_value: {
    any: { request: (well) => changed(well, { email: undefined }) },
    'PUT /org/update': { request: (well) => changed(well, { colour: 'red' }) },
    'GET /org/get': { request: () => ({ path: '/org/get' }) },
    'DELETE /org/delete': { request: () => ({ path: '/org/delete' }) },
    'GET /v1/organizations': { request: () => ({ path: '/v1/organizations?limit=0' }) },
    'POST /v1/organizations': { request: (well) => changed(well, { admin: { password: 'another password' } }) },
  },
  idempotency_key_reused: {
    'POST /v1/organizations': {
      request: ({ headers }) => ({ headers: { ...headers, 'idempotency-key': 'k' } }),
      before: (well) => ({
        ...well,
        ...changed(well, { name: 'Initech', admin: { email: 'bill@initech.example', password: 'another password' } }),
        headers: { ...well.headers, 'idempotency-key': 'k' },
      }),
    },
  },
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
  busy: {
    any: { different: { edge: passwordsThat(refuse(tooManyPasswords)) } },
    'PUT /org/update': { different: { edge: passwordsThat(refuse(tooManyPasswords)) }, request: withNewPassword },
    'DELETE /org/delete': { different: { edge: commitsThat(refuse(tooManyChanges)) } },
    'GET /v1/organizations/{organization}': { different: { edge: readsThat(refuse(tooManyChanges)) } },
  },
  stopping: {
    any: { different: { edge: passwordsThat(refuse(stopping)) } },
    'PUT /org/update': { different: { edge: passwordsThat(refuse(stopping)) }, request: withNewPassword },
    'GET /health/ready': { different: { prepare: ({ connections }) => connections.stop() } },
  },
  storage_unavailable: {
    any: { different: { edge: readsThat(refuse(unavailable)) } },
    'GET /health/ready': { different: { edge: () => ({ ready: refuse(unavailable) }) } },
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

type Failing = () => Promise<never>;
type Differing = NonNullable<Different['edge']>;

function fail(): Promise<never> {
  return Promise.reject(new Error('a fault of ours'));
}

function refuse(make: () => Error): Failing {
  return () => Promise.reject(make());
}

function tooManyPasswords(): TenantryError {
  return new TenantryError('busy', 'Too many passwords are being checked; try again later', { retryAfterSeconds: 3 });
}

function tooManyChanges(): TenantryError {
  return new TenantryError('busy', 'Others are changing the same organization; try again later');
}

function stopping(): TenantryError {
  return new TenantryError('stopping', 'The service is stopping; try again');
}

function limitsThat(failing: Failing): Differing {
  return ({ tenancy }) => ({ tenancy: { ...tenancy, limits: intercept(tenancy.limits, 'take', failing) } });
}

function passwordsThat(failing: Failing): Differing {
  return ({ tenancy }) => {
    const passwords = intercept(intercept(tenancy.passwords, 'hash', failing), 'verify', failing);
    return { tenancy: { ...tenancy, passwords } };
  };
}

function readsThat(failing: Failing): Differing {
  return ({ tenancy }) => {
    const methods = ['get', 'find', 'findJoined', 'list'] as const;
    const records = methods.reduce((port, method) => intercept(port, method, failing), tenancy.records);
    return { tenancy: { ...tenancy, records } };
  };
}

function commitsThat(failing: Failing): Differing {
  return ({ tenancy }) => ({ tenancy: { ...tenancy, records: intercept(tenancy.records, 'commit', failing) } });
}
