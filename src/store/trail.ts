import { createHash } from 'node:crypto';
import type { Kind, Stored } from './records.ts';

/**
 * An entry of an organization's trail: numbered from 1 without a gap, and chained to the one before it by its hash, so
 * that none can be changed, removed or put between without showing.
 */
export interface Entry extends Stored {
  /** The organization's id, a dot and the sequence in 12 digits (`entryId`): in the order of ids is in that of the trail. */
  readonly id: string;
  readonly organization_id: string;
  readonly sequence: number;
  /** RFC 3339, UTC, milliseconds; never before that of the entry before, whatever the clocks of two instances say. */
  readonly time: string;
  /** What is about people, and may be removed later: the chain has its digest. Null where there is none, or no more. */
  readonly personal: Readonly<Record<string, unknown>> | null;
  /** Random, removed with what it salts: a digest of an email alone would tell the email to who guesses it. */
  readonly personal_salt: string | null;
  /** SHA-256, in hexadecimal, of the salt and the canonical JSON of `personal`; null where there never was any. */
  readonly personal_digest: string | null;
  /** Of the entry before; of the first `firstHash`. */
  readonly previous_hash: string;
  /** SHA-256, in hexadecimal, of the canonical JSON of all members but those in `unchained`. */
  readonly hash: string;
}

/** An entry before its place in the trail is known; its time may become later. */
export type NewEntry<E extends Entry = Entry> = Omit<E, 'id' | 'version' | 'sequence' | 'previous_hash' | 'hash'>;

/** Where an organization's trail ends; its id is the organization's. */
export interface Trail extends Stored {
  /** Of the last entry. */
  readonly sequence: number;
  readonly time: string;
  readonly hash: string;
  /** Present once the organization is gone: when its entries may be removed. RFC 3339. */
  readonly expires_at?: string;
  /** Present while entries wait to be handed on: the time of the first that did when it was set. */
  readonly pending_since?: string;
  /** The number up to which all entries were handed on when none waited last; absent where that never was. */
  readonly relayed?: number;
}

/** The kinds that trails are stored as. */
export interface TrailKinds<E extends Entry = Entry> {
  readonly entries: Kind<E, { readonly organization_id: 'many' }>;
  readonly trails: Kind<Trail, { readonly expires_at: 'many'; readonly pending_since: 'many' }>;
}

/** What the first entry is chained to. */
export const firstHash = '0'.repeat(64);

/** Members that the hash is not made of, beside what entries are found by (`*_key`): they follow from others, or may be removed. */
const unchained: ReadonlySet<string> = new Set(['id', 'version', 'personal', 'personal_salt', 'traceparent', 'hash']);

/** The id of the entry with this number. */
export function entryId(organization: string, sequence: number): string {
  return `${organization}.${String(sequence).padStart(12, '0')}`;
}

/** Whether the entries of a trail may be removed by now. */
export function isOver({ expires_at = '' }: Trail, now: Date): boolean {
  return Date.parse(expires_at) <= now.getTime();
}

/** The next entry of a trail and the trail that ends with it. @param trail undefined where this is the first */
export function linked(
  trail: Trail | undefined,
  entry: NewEntry,
  expires_at: string | undefined,
): { readonly entry: Entry; readonly trail: Trail } {
  const { organization_id } = entry;
  const sequence = (trail?.sequence ?? 0) + 1;
  const time = trail !== undefined && trail.time > entry.time ? trail.time : entry.time;
  const unhashed = {
    ...entry,
    id: entryId(organization_id, sequence),
    version: 1,
    sequence,
    time,
    previous_hash: trail?.hash ?? firstHash,
  };
  const hash = hashOf(unhashed);
  const version = (trail?.version ?? 0) + 1;
  const pending_since = trail?.pending_since ?? time;
  const end = { id: organization_id, version, sequence, time, hash, pending_since };
  return { entry: { ...unhashed, hash }, trail: { ...trail, ...end, ...(expires_at && { expires_at }) } };
}

/** What an entry's `hash` is. */
export function hashOf(entry: Readonly<Record<string, unknown>>): string {
  const chained = Object.entries(entry).filter(([member]) => !unchained.has(member) && !member.endsWith('_key'));
  return sha256(canonical(Object.fromEntries(chained)));
}

/** What an entry's `personal_digest` is. */
export function personalDigest(salt: string, personal: Readonly<Record<string, unknown>>): string {
  return sha256(salt + canonical(personal));
}

/**
 * JSON without white space and with the members of each object in the order of their names, as RFC 8785 has it: the same
 * value is the same text, whoever made it.
 */
function canonical(value: unknown): string {
  return JSON.stringify(value, (_, member: unknown) =>
    typeof member === 'object' && member !== null && !Array.isArray(member)
      ? Object.fromEntries(Object.entries(member).toSorted(([a], [b]) => (a < b ? -1 : 1)))
      : member,
  );
}

function sha256(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}
