import type { Caller } from '../organizations/authenticate-admin.ts';

/** The person who runs the installation, above all organizations. */
export const operator = 'operator';

/** Who asks: an organization's admin, or the operator. */
export type Principal = Caller | typeof operator;

/** How the log names a principal: a user's id, or `operator`. */
export function idOf(principal: Principal): string {
  return principal === operator ? operator : principal.user_id;
}
