import type { Server } from './framework.ts';
import { rowOf } from './route-rows.ts';

/** What a process does: parts of the API, and what is done from time to time (`worker`). */
export type Role = 'auth' | 'organizations' | 'documents' | 'worker';

/** Whose a route is: of one role; of every process that serves a part of the API (`api`); or of every process (`process`). */
export type RouteRole = Exclude<Role, 'worker'> | 'api' | 'process';

/** Every route by its method and its pattern, as in `access.ts`. All methods of a path are of one role. */
const rows: Readonly<Record<string, RouteRole>> = {
  'GET /': 'api',
  'POST /org/create': 'organizations',
  'GET /org/get': 'organizations',
  'PUT /org/update': 'organizations',
  'DELETE /org/delete': 'organizations',
  'POST /admin/login': 'auth',
  'GET /v1/clusters': 'organizations',
  'GET /v1/organizations': 'organizations',
  'POST /v1/organizations': 'organizations',
  'GET /v1/organizations/:organization': 'organizations',
  'PATCH /v1/organizations/:organization': 'organizations',
  'DELETE /v1/organizations/:organization': 'organizations',
  'GET /v1/organizations/:organization/placement': 'organizations',
  'GET /v1/organizations/:organization/usage': 'documents',
  'GET /v1/organizations/:organization/events': 'organizations',
  'GET /v1/organizations/:organization/events/stream': 'organizations',
  'GET /v1/organizations/:organization/events/verify': 'organizations',
  'GET /v1/organizations/:organization/export': 'documents',
  'POST /v1/organizations/:organization/import': 'documents',
  'GET /v1/organizations/:organization/collections': 'documents',
  'POST /v1/organizations/:organization/collections': 'documents',
  'GET /v1/organizations/:organization/collections/:collection': 'documents',
  'DELETE /v1/organizations/:organization/collections/:collection': 'documents',
  'GET /v1/organizations/:organization/collections/:collection/count': 'documents',
  'GET /v1/organizations/:organization/collections/:collection/documents': 'documents',
  'POST /v1/organizations/:organization/collections/:collection/documents': 'documents',
  'DELETE /v1/organizations/:organization/collections/:collection/documents': 'documents',
  'POST /v1/organizations/:organization/collections/:collection/documents/batch': 'documents',
  'GET /v1/organizations/:organization/collections/:collection/documents/:id': 'documents',
  'PUT /v1/organizations/:organization/collections/:collection/documents/:id': 'documents',
  'PATCH /v1/organizations/:organization/collections/:collection/documents/:id': 'documents',
  'DELETE /v1/organizations/:organization/collections/:collection/documents/:id': 'documents',
  'GET /.well-known/jwks.json': 'auth',
  'GET /health/live': 'process',
  'GET /health/ready': 'process',
  'GET /metrics': 'process',
  'GET /docs': 'api',
  'GET /docs/*': 'api',
  'GET /redoc': 'api',
  'GET /redoc/*': 'api',
  'GET /openapi.json': 'api',
};

/**
 * Whose a route is.
 *
 * @param url the route's pattern
 * @throws {Error} the table has no row for it
 */
export function roleOf(method: string, url: string): RouteRole {
  return rowOf(rows, { method, url }, 'src/http/roles.ts: say which role serves it');
}

/** The names of all rows: a method and a pattern each. */
export const roleRows: readonly string[] = Object.keys(rows);

/** Whether a process of these roles has the routes of one. */
export function serves(roles: readonly Role[], role: RouteRole): boolean {
  if (role === 'process') return true;
  return role === 'api' ? roles.some((each) => each !== 'worker') : roles.includes(role);
}

/** Refuses from here on every route that is not of these roles, so that none is where nobody looks for it. */
export function keepToRoles(server: Server, roles: readonly Role[]): void {
  server.addHook('onRoute', ({ method, url }) => {
    for (const each of [method].flat()) {
      if (each === 'OPTIONS') continue;
      const role = roleOf(each, url);
      if (!serves(roles, role)) throw new Error(`${each} ${url} is of the role ${role}, which is not served here`);
    }
  });
}

/**
 * Finds whose a path is that a process of these roles does not have: for the log, in which a gateway's wrong turn is to be
 * seen. The caller is told that there is nothing.
 *
 * @returns of a path without its query the role that has it; undefined where it is served here, or nowhere
 */
export function rolesElsewhere(roles: readonly Role[]): (path: string) => RouteRole | undefined {
  const others = Object.entries(rows)
    .filter(([, role]) => !serves(roles, role))
    .map(([name, role]) => ({ role, form: formOf(name.slice(name.indexOf(' ') + 1)) }));
  return (path) => others.find(({ form }) => form.test(path))?.role;
}

/** The paths of a pattern. */
function formOf(url: string): RegExp {
  return new RegExp(`^${url.replaceAll('.', '\\.').replaceAll(/:\w+|\*/g, '[^/]+')}$`);
}
