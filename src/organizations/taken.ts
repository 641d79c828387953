import { TenantryError } from '../errors.ts';
import type { Outcome } from '../store/records.ts';

/** What is told of a name that another organization has. */
export function nameTaken(): TenantryError {
  return new TenantryError('organization_name_taken', 'Organization already exists');
}

/** What is told of an email that another user has. */
export function emailTaken(): TenantryError {
  return new TenantryError('email_taken', 'Admin email already registered');
}

/** Tells a caller which of its values is taken; other outcomes are the command's affair. @throws {TenantryError} */
export function refuseDuplicate(outcome: Outcome): void {
  if (outcome.result !== 'duplicate') return;
  if (outcome.index === 'name_key') throw nameTaken();
  if (outcome.index === 'email_key') throw emailTaken();
}
