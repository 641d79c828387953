/**
 * Who may make a call. `anyone`: no token is looked at. `metrics`: who may see the metrics (`routes/metrics.ts`). `admin`:
 * an organization's admin, whose organization the call itself checks. `member`: the admin of the organization that the path
 * names, or the operator; to all others it is not there. `operator`: the operator alone; to all others there is no such route.
 */
export type Access = 'anyone' | 'metrics' | 'admin' | 'member' | 'operator';

/** What a process does: parts of the API, and what is done from time to time (`worker`). */
export type Role = 'auth' | 'organizations' | 'documents' | 'worker';

/** Whose a route is: of one role; of every process that serves a part of the API (`api`); or of every process (`process`). */
export type RouteRole = Exclude<Role, 'worker'> | 'api' | 'process';

/**
 * What a call counts as, beside all calls of its caller. `uncounted`: no limit counts it. `login` and `create`: by address.
 * `write`: it changes something of an organization. `transfer`: all documents of an organization, out or in. `read`: nothing
 * but one of all calls.
 */
export type RouteClass = 'uncounted' | 'login' | 'create' | 'read' | 'write' | 'transfer';

/** Who may make the calls of a route, which role serves them (all methods of a path have one), and what they count as. */
type Row = readonly [Access, RouteRole, RouteClass];

/**
 * Every route of the service, by its method and its pattern; `/*` stands for whatever is below. A route without a row cannot
 * be added, so that none is open, or without its limit, because somebody forgot it.
 */
const rows: Readonly<Record<string, Row>> = {
  'GET /': ['anyone', 'api', 'read'],
  'POST /org/create': ['anyone', 'organizations', 'create'],
  'GET /org/get': ['anyone', 'organizations', 'read'],
  'PUT /org/update': ['admin', 'organizations', 'write'],
  'DELETE /org/delete': ['admin', 'organizations', 'write'],
  'POST /admin/login': ['anyone', 'auth', 'login'],
  'GET /v1/clusters': ['operator', 'organizations', 'read'],
  'GET /v1/organizations': ['operator', 'organizations', 'read'],
  'POST /v1/organizations': ['operator', 'organizations', 'write'],
  'GET /v1/organizations/:organization': ['member', 'organizations', 'read'],
  'PATCH /v1/organizations/:organization': ['operator', 'organizations', 'write'],
  'DELETE /v1/organizations/:organization': ['member', 'organizations', 'write'],
  'GET /v1/organizations/:organization/placement': ['operator', 'organizations', 'read'],
  'GET /v1/organizations/:organization/usage': ['member', 'documents', 'read'],
  'GET /v1/organizations/:organization/events': ['member', 'organizations', 'read'],
  'GET /v1/organizations/:organization/events/stream': ['member', 'organizations', 'read'],
  'GET /v1/organizations/:organization/events/verify': ['member', 'organizations', 'read'],
  'GET /v1/organizations/:organization/export': ['member', 'documents', 'transfer'],
  'POST /v1/organizations/:organization/import': ['member', 'documents', 'transfer'],
  'GET /v1/organizations/:organization/collections': ['member', 'documents', 'read'],
  'POST /v1/organizations/:organization/collections': ['member', 'documents', 'write'],
  'GET /v1/organizations/:organization/collections/:collection': ['member', 'documents', 'read'],
  'DELETE /v1/organizations/:organization/collections/:collection': ['member', 'documents', 'write'],
  'GET /v1/organizations/:organization/collections/:collection/count': ['member', 'documents', 'read'],
  'GET /v1/organizations/:organization/collections/:collection/documents': ['member', 'documents', 'read'],
  'POST /v1/organizations/:organization/collections/:collection/documents': ['member', 'documents', 'write'],
  'DELETE /v1/organizations/:organization/collections/:collection/documents': ['member', 'documents', 'write'],
  'POST /v1/organizations/:organization/collections/:collection/documents/batch': ['member', 'documents', 'write'],
  'GET /v1/organizations/:organization/collections/:collection/documents/:id': ['member', 'documents', 'read'],
  'PUT /v1/organizations/:organization/collections/:collection/documents/:id': ['member', 'documents', 'write'],
  'PATCH /v1/organizations/:organization/collections/:collection/documents/:id': ['member', 'documents', 'write'],
  'DELETE /v1/organizations/:organization/collections/:collection/documents/:id': ['member', 'documents', 'write'],
  'GET /.well-known/jwks.json': ['anyone', 'auth', 'read'],
  'GET /health/live': ['anyone', 'process', 'uncounted'],
  'GET /health/ready': ['anyone', 'process', 'uncounted'],
  'GET /metrics': ['metrics', 'process', 'uncounted'],
  'GET /docs': ['anyone', 'api', 'read'],
  'GET /docs/*': ['anyone', 'api', 'read'],
  'GET /redoc': ['anyone', 'api', 'read'],
  'GET /redoc/*': ['anyone', 'api', 'read'],
  'GET /openapi.json': ['anyone', 'api', 'read'],
};

/** A route in the terms of the table. */
export interface RouteRow {
  readonly access: Access;
  readonly role: RouteRole;
  readonly limitClass: RouteClass;
}

/**
 * The row of a route. A HEAD has that of its GET.
 *
 * @param url the route's pattern
 * @throws {Error} the table has no row for it
 */
export function rowOf(method: string, url: string): RouteRow {
  const name = `${method === 'HEAD' ? 'GET' : method} ${url}`;
  const row = rows[name] ?? rows[name.replace(/(?<=.\/)[^/]+$/, '*')];
  if (row === undefined) throw new Error(`${name} has no row in src/http/route-table.ts: say who may call it`);
  const [access, role, limitClass] = row;
  return { access, role, limitClass };
}

/** The names of all rows: a method and a pattern each. */
export const routeNames: readonly string[] = Object.keys(rows);
