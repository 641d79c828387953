import { TenantryError } from '../errors.ts';

/**
 * Refuses a request of which a value breaks a rule, telling all of them at once.
 *
 * @param details what is wrong with each member, in the order in which it is told; undefined where nothing is
 * @throws {TenantryError} invalid_value
 */
export function refuseIssues(details: Readonly<Record<string, string | undefined>>): void {
  const issues = Object.entries(details).flatMap(([member, detail]) =>
    detail === undefined ? [] : { member, detail },
  );
  if (issues.length > 0) throw new TenantryError('invalid_value', 'A value breaks a rule', { issues });
}
