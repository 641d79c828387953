import type { Server } from './framework.ts';
import { type Role, type RouteRole, routeNames, rowOf } from './route-table.ts';

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
      const { role } = rowOf(each, url);
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
  const others = routeNames
    .map((name) => name.split(' '))
    .map(([method = '', url = '']) => ({ role: rowOf(method, url).role, form: formOf(url) }))
    .filter(({ role }) => !serves(roles, role));
  return (path) => others.find(({ form }) => form.test(path))?.role;
}

/** The paths of a pattern. */
function formOf(url: string): RegExp {
  return new RegExp(`^${url.replaceAll('.', '\\.').replaceAll(/:\w+|\*/g, '[^/]+')}$`);
}
