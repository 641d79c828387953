import { rowOf } from './route-rows.ts';

/**
 * What a call counts as, beside all calls of its caller. `uncounted`: no limit counts it. `login` and `create`: by address.
 * `write`: it changes something of an organization. `transfer`: all documents of an organization, out or in. `read`: nothing
 * but one of all calls.
 */
export type RouteClass = 'uncounted' | 'login' | 'create' | 'read' | 'write' | 'transfer';

/**
 * What each call counts as: every route of the service, by its method and its pattern. A route without a row cannot be added,
 * so that none is without its limit because somebody forgot it.
 */
const rows: Readonly<Record<string, RouteClass>> = {
  'GET /': 'read',
  'POST /org/create': 'create',
  'GET /org/get': 'read',
  'PUT /org/update': 'write',
  'DELETE /org/delete': 'write',
  'POST /admin/login': 'login',
  'GET /v1/clusters': 'read',
  'GET /v1/organizations': 'read',
  'POST /v1/organizations': 'write',
  'GET /v1/organizations/:organization': 'read',
  'PATCH /v1/organizations/:organization': 'write',
  'DELETE /v1/organizations/:organization': 'write',
  'GET /v1/organizations/:organization/placement': 'read',
  'GET /v1/organizations/:organization/usage': 'read',
  'GET /v1/organizations/:organization/events': 'read',
  'GET /v1/organizations/:organization/events/stream': 'read',
  'GET /v1/organizations/:organization/events/verify': 'read',
  'GET /v1/organizations/:organization/export': 'transfer',
  'POST /v1/organizations/:organization/import': 'transfer',
  'GET /v1/organizations/:organization/collections': 'read',
  'POST /v1/organizations/:organization/collections': 'write',
  'GET /v1/organizations/:organization/collections/:collection': 'read',
  'DELETE /v1/organizations/:organization/collections/:collection': 'write',
  'GET /v1/organizations/:organization/collections/:collection/count': 'read',
  'GET /v1/organizations/:organization/collections/:collection/documents': 'read',
  'POST /v1/organizations/:organization/collections/:collection/documents': 'write',
  'DELETE /v1/organizations/:organization/collections/:collection/documents': 'write',
  'POST /v1/organizations/:organization/collections/:collection/documents/batch': 'write',
  'GET /v1/organizations/:organization/collections/:collection/documents/:id': 'read',
  'PUT /v1/organizations/:organization/collections/:collection/documents/:id': 'write',
  'PATCH /v1/organizations/:organization/collections/:collection/documents/:id': 'write',
  'DELETE /v1/organizations/:organization/collections/:collection/documents/:id': 'write',
  'GET /.well-known/jwks.json': 'read',
  'GET /health/live': 'uncounted',
  'GET /health/ready': 'uncounted',
  'GET /metrics': 'uncounted',
  'GET /docs': 'read',
  'GET /docs/*': 'read',
  'GET /redoc': 'read',
  'GET /redoc/*': 'read',
  'GET /openapi.json': 'read',
};

/**
 * What a call of a route counts as.
 *
 * @param url the route's pattern
 * @throws {Error} the table has no row for it
 */
export function classOf(method: string, url: string): RouteClass {
  return rowOf(rows, { method, url }, 'src/http/route-classes.ts: say what it counts as');
}

/** The names of all rows: a method and a pattern each. */
export const classRows: readonly string[] = Object.keys(rows);
