import { type SealKeys, seal, unseal } from '../identity/seal.ts';
import { EdgeError } from './problems.ts';

/** The parameters of every list, as a route's schema has them. */
export const pageParameters = {
  limit: { type: 'string' },
  cursor: { type: 'string', maxLength: 4_096 },
} as const;

const usualLimit = 100;
const mostOnPage = 1_000;

/** How many are wanted of a list: 1 to 1,000, 100 unless given. @throws {EdgeError} invalid_value */
export function readLimit(text: string | undefined): number {
  if (text === undefined) return usualLimit;
  const limit = /^[1-9]\d{0,3}$/.test(text) ? Number(text) : Number.NaN;
  if (limit <= mostOnPage) return limit;
  throw invalid('?limit', `must be a whole number from 1 to ${mostOnPage}`);
}

/** What a cursor belongs to: whose list it is, and what was asked of it. */
export interface List {
  /** Such as `organizations`, with the organization's id where it is one's own. */
  readonly name: string;
  /** Parameters that choose what is listed, or its order. */
  readonly filter: object;
}

/** The cursor of the page after this position; null where there is none. */
export function cursorAfter(keys: SealKeys, list: List, position: object | undefined): string | null {
  return position === undefined ? null : seal(keys, purposeOf(list), JSON.stringify(position));
}

/**
 * The position that a cursor of this list holds.
 *
 * @throws {EdgeError} invalid_value: it is another list's, or none of ours
 * @throws {TenantryError} storage_unavailable
 */
export async function positionOf<P>(keys: SealKeys, list: List, cursor: string | undefined): Promise<P | undefined> {
  if (cursor === undefined) return undefined;
  const text = await unseal(keys, purposeOf(list), cursor);
  if (text === undefined) {
    throw invalid('?cursor', 'must be the next_cursor of a page of this list; begin again without it');
  }
  return JSON.parse(text) as P;
}

function purposeOf({ name, filter }: List): string {
  return `cursor ${name} ${JSON.stringify(filter)}`;
}

function invalid(pointer: string, detail: string): EdgeError {
  return new EdgeError('invalid_value', `${pointer} ${detail}`, { faults: [{ pointer, detail }] });
}
