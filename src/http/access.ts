import { rowOf } from './route-rows.ts';

/**
 * Who may make a call. `anyone`: no token is looked at. `metrics`: who may see the metrics (`routes/metrics.ts`). `admin`:
 * an organization's admin, whose organization the call itself checks. `member`: the admin of the organization that the path
 * names, or the operator; to all others it is not there. `operator`: the operator alone; to all others there is no such route.
 */
export type Access = 'anyone' | 'metrics' | 'admin' | 'member' | 'operator';

/**
 * Who may make which call: every route of the service, by its method and its pattern; `/*` stands for whatever is below. A
 * route without a row cannot be added, so that none is open because somebody forgot it.
 */
const rows: Readonly<Record<string, Access>> = {
  'GET /': 'anyone',
  'POST /org/create': 'anyone',
  'GET /org/get': 'anyone',
  'PUT /org/update': 'admin',
  'DELETE /org/delete': 'admin',
  'POST /admin/login': 'anyone',
  'GET /v1/clusters': 'operator',
  'GET /v1/organizations': 'operator',
  'POST /v1/organizations': 'operator',
  'GET /v1/organizations/:organization': 'member',
  'PATCH /v1/organizations/:organization': 'operator',
  'DELETE /v1/organizations/:organization': 'member',
  'GET /v1/organizations/:organization/placement': 'operator',
  'GET /v1/organizations/:organization/usage': 'member',
  'GET /v1/organizations/:organization/events': 'member',
  'GET /v1/organizations/:organization/events/stream': 'member',
  'GET /v1/organizations/:organization/events/verify': 'member',
  'GET /v1/organizations/:organization/export': 'member',
  'POST /v1/organizations/:organization/import': 'member',
  'GET /v1/organizations/:organization/collections': 'member',
  'POST /v1/organizations/:organization/collections': 'member',
  'GET /v1/organizations/:organization/collections/:collection': 'member',
  'DELETE /v1/organizations/:organization/collections/:collection': 'member',
  'GET /v1/organizations/:organization/collections/:collection/count': 'member',
  'GET /v1/organizations/:organization/collections/:collection/documents': 'member',
  'POST /v1/organizations/:organization/collections/:collection/documents': 'member',
  'DELETE /v1/organizations/:organization/collections/:collection/documents': 'member',
  'POST /v1/organizations/:organization/collections/:collection/documents/batch': 'member',
  'GET /v1/organizations/:organization/collections/:collection/documents/:id': 'member',
  'PUT /v1/organizations/:organization/collections/:collection/documents/:id': 'member',
  'PATCH /v1/organizations/:organization/collections/:collection/documents/:id': 'member',
  'DELETE /v1/organizations/:organization/collections/:collection/documents/:id': 'member',
  'GET /.well-known/jwks.json': 'anyone',
  'GET /health/live': 'anyone',
  'GET /health/ready': 'anyone',
  'GET /metrics': 'metrics',
  'GET /docs': 'anyone',
  'GET /docs/*': 'anyone',
  'GET /redoc': 'anyone',
  'GET /redoc/*': 'anyone',
  'GET /openapi.json': 'anyone',
};

/**
 * Who may make a call of a route.
 *
 * @param url the route's pattern
 * @throws {Error} the table has no row for it
 */
export function accessTo(method: string, url: string): Access {
  return rowOf(rows, { method, url }, 'src/http/access.ts: say who may call it');
}

/** The names of all rows: a method and a pattern each. */
export const accessRows: readonly string[] = Object.keys(rows);
