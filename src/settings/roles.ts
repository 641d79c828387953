import type { Kind } from './kinds.ts';

/** The parts of the API, which `api` is all of. */
const parts = ['auth', 'organizations', 'documents'] as const;

/** What a process does. */
export type Role = (typeof parts)[number] | 'worker';

const all: readonly Role[] = [...parts, 'worker'];
const known: readonly string[] = ['api', ...all];

/** What a process does; `api` is read as its parts. */
export const roles: Kind<readonly Role[]> = {
  accepts:
    'api, worker or api,worker; in the place of api some of auth, organizations and documents with commas between',
  read(text) {
    const given = text.split(',').map((part) => part.trim());
    if (!given.every((role, place) => known.includes(role) && given.indexOf(role) === place)) {
      return { right: roles.accepts };
    }
    const isWhole = given.includes('api');
    if (isWhole && parts.some((part) => given.includes(part))) {
      return { right: `${roles.accepts}; api is all three of them already` };
    }
    return { value: all.filter((role) => given.includes(role) || (isWhole && role !== 'worker')) };
  },
};

/** What a process would not do that has these roles. */
export function leftOut(given: readonly Role[]): readonly Role[] {
  return all.filter((role) => !given.includes(role));
}
