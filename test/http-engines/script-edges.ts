import { account, type Call, type Chapter, create, credentials, other, signIn } from './calls.ts';

const json = { 'content-type': 'application/json' };

const strictInput: Chapter = [
  ...[
    '',
    '{',
    '{"email":"a@example.com",}',
    '{"email":"a@example.com","email":"b@example.com"}',
    Buffer.from('{"email":"\xff"}', 'latin1'),
    `\ufeff{}`,
    `{"email":${'['.repeat(40)}${']'.repeat(40)}}`,
    'null',
    '[]',
    '"text"',
    '{"__proto__":{"email":"a@example.com"}}',
    `{"${'x'.repeat(5_000)}":1}`,
  ].map((body) => create(422, body)),
  ...['text/plain', 'application/x-www-form-urlencoded', 'application/json; charset=latin1', 'nonsense'].map((type) =>
    create(415, '{}', { headers: { 'content-type': type } }),
  ),
  create(415, '{}', { headers: { ...json, 'content-encoding': 'gzip' } }),
  create(422, '{}', { headers: { 'content-type': 'Application/JSON; charset=UTF-8' } }),
  // Only announced: it is refused before it is sent.
  other(413, 'POST', '/org/create', { headers: { ...json, 'content-length': '70000' } }),
  other(417, 'POST', '/admin/login', { headers: { ...json, expect: '200-ok' }, body: '{}' }),
  other(422, 'POST', '/admin/login'),
];

const origin = { origin: 'https://app.example.com' };
const preflight = {
  ...origin,
  'access-control-request-method': 'PUT',
  'access-control-request-headers': 'authorization',
};

const unknownRoutes: Chapter = [
  ...['/nowhere', '/org', '/org/', '/org/get/', '/ORG/GET', '//org/get', '/v1', '/org/get%2f', '/.env'].map((path) =>
    other(404, 'GET', path),
  ),
  other(404, 'POST', '/nowhere', { body: '{' }),
  ...[
    ['POST', '/'],
    ['GET', '/org/create'],
    ['PATCH', '/org/update'],
    ['POST', '/org/get'],
    ['GET', '/admin/login'],
    ['DELETE', '/health/live'],
  ].map(([method = '', path = '']) => other(405, method, path)),
  other(204, 'OPTIONS', '/org/update', { headers: preflight }),
  other(204, 'OPTIONS', '/org/update', { headers: { ...preflight, origin: 'https://evil.example.com' } }),
  other(204, 'OPTIONS', '/org/update'),
  other(200, 'GET', '/', { headers: origin }),
  other(200, 'GET', '/', { headers: { origin: 'https://evil.example.com' } }),
  other(404, 'GET', '/org/get?organization_name=nobody', { headers: origin }),
  other(200, 'GET', '/', { headers: { 'x-request-id': 'of-the-caller' } }),
  other(414, 'GET', `/?${'x'.repeat(16_384)}`),
  other(431, 'GET', '/', { headers: { 'x-long': 'x'.repeat(32_768) } }),
];

const beside: Chapter = [
  other(200, 'GET', '/'),
  other(200, 'HEAD', '/'),
  ...['/docs', '/docs/start.js', '/docs/swagger-ui.css', '/redoc', '/redoc/start.js', '/redoc/page.css'].map((path) =>
    other(200, 'GET', path),
  ),
  other(200, 'GET', '/openapi.json'),
  other(200, 'HEAD', '/openapi.json'),
  other(304, 'GET', '/openapi.json', { headers: { 'if-none-match': '*' } }),
  other(200, 'GET', '/.well-known/jwks.json'),
  other(200, 'GET', '/health/live'),
  other(200, 'GET', '/health/ready'),
];

/** The bearer token of `/metrics`. */
export const metricsToken = 'm'.repeat(32);

const metrics: Chapter = [
  other(404, 'GET', '/metrics'),
  other(404, 'GET', '/metrics', { headers: { authorization: 'Bearer another' } }),
  // An answer is counted when it was sent, so the last one before need not be counted yet: it is of a kind that is.
  other(200, 'GET', '/'),
  other(200, 'GET', '/metrics', { headers: { authorization: `Bearer ${metricsToken}` } }),
];

/** The limits that the services have, as settings. The windows are long, so that none ends within the test. */
export const limits = {
  LIMIT_ADDRESS: '100/hour',
  LIMIT_CREATE_ADDRESS: '40/hour',
  LIMIT_LOGIN_ADDRESS: '20/hour',
  LIMIT_LOGIN_ACCOUNT: '5/hour',
} as const;

function times(count: number, call: Call): Call[] {
  return Array.from({ length: count }, () => call);
}

const limited: Chapter = [
  create(201, account('limited', 'Limited')),
  ...times(5, signIn(401, credentials('limited', 'wrong password'))),
  signIn(429, credentials('limited')),
  ...times(14, signIn(422, {})),
  signIn(429, credentials('limited')),
  signIn(429, {}),
  ...times(39, create(422, {})),
  create(429, account('late', 'Late')),
  ...times(40, other(404, 'GET', '/nowhere')),
  other(429, 'GET', '/nowhere'),
  other(429, 'GET', '/'),
  other(200, 'GET', '/health/live'),
];

/** What has more to do with HTTP than with organizations. */
export const edges = {
  'strict input': strictInput,
  'routes and methods that are not there': unknownRoutes,
  'documentation, keys and health': beside,
  limits: limited,
  metrics,
} satisfies Readonly<Record<string, Chapter>>;
