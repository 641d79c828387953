import { createHash } from 'node:crypto';
import { defineKind, type Stored } from '../store/records.ts';
import type { Pace } from '../store/slices.ts';

/** How long a key is remembered. */
export const keptMilliseconds = 24 * 60 * 60 * 1_000;

/** What was done under an idempotency key, stored in the commit that did it. */
export interface IdempotencyKey extends Stored {
  /** SHA-256, in hexadecimal digits, of whose key it is and the key. */
  readonly id: string;
  /** SHA-256 of the request, in hexadecimal digits: another one under the same key is a mistake. */
  readonly request: string;
  /** The answer, as JSON. */
  readonly answer: string;
  /** RFC 3339, UTC, milliseconds. */
  readonly expires_at: string;
}

/** The kind of record that idempotency keys are. */
export const idempotencyKeys = defineKind<IdempotencyKey>()('idempotency_keys', { expires_at: 'many' });

/** A digest that tells texts apart wherever one ends and the next begins. */
export function digestOf(...texts: readonly string[]): string {
  return createHash('sha256').update(JSON.stringify(texts)).digest('hex');
}

/** As `digestOf`, of one text that comes in parts, none of which ends within a surrogate pair; others come in between. */
export async function digestOfParts(parts: Iterable<string>, pace: Pace): Promise<string> {
  const hash = createHash('sha256').update('["');
  for (const part of parts) {
    hash.update(JSON.stringify(part).slice(1, -1));
    if (pace.isOver()) await pace.next();
  }
  return hash.update('"]').digest('hex');
}
