import { defineKind, type Kind, type Stored } from '../../src/store/records.ts';
import type { Entry, NewEntry, Trail } from '../../src/store/trail.ts';

/** A record of the suites; every member beside `id` and `version` may be absent. */
export interface Note extends Stored {
  readonly slug?: string | null;
  readonly topic?: string | null;
  readonly alias?: string | null;
  readonly body?: unknown;
}

/** Its unique indexes are declared against the alphabet, so that the order of declaration shows. */
export const notes = defineKind<Note>()('notes', { slug: 'unique', topic: 'many', alias: 'unique' });

/** Shares the names of its members with `notes`, and nothing else. */
export const drafts = defineKind<Note>()('drafts', { slug: 'unique', topic: 'many' });

/** A record whose kind and members are named like words of SQL and like columns that an engine may have of its own. */
export interface Awkward extends Stored {
  readonly group: string;
  readonly select: string;
  readonly data: string;
  readonly json: string;
  readonly record: string;
  readonly value: string;
}

/** Its two unique indexes stand among others, none of them with a harmless name. */
export const awkward = defineKind<Awkward>()('order', {
  group: 'unique',
  select: 'many',
  data: 'many',
  json: 'unique',
  record: 'many',
  value: 'many',
});

/** With `pairLeft`: two kinds whose table and member give the same name when they are joined by `_`. */
export const pair = defineKind<Stored & { readonly left_side: string }>()('pair', { left_side: 'unique' });
/** The other of the two. */
export const pairLeft = defineKind<Stored & { readonly side: string }>()('pair_left', { side: 'many' });

/** An entry of the suites' trails. */
export interface Line extends Entry {
  readonly body: unknown;
}

/** As what the suites' trails are stored. */
export const lineKinds = {
  entries: defineKind<Line>()('lines', { organization_id: 'many' }),
  trails: defineKind<Trail>()('ends', { expires_at: 'many', pending_since: 'many' }),
};

/** An entry for an organization's trail. */
export function line(organization_id: string, time: string, body: unknown): NewEntry<Line> {
  return { organization_id, time, body, personal: null, personal_salt: null, personal_digest: null };
}

/** Every kind that the suites use. */
export const kinds: readonly Kind[] = [
  notes,
  drafts,
  awkward,
  pair,
  pairLeft,
  lineKinds.entries as unknown as Kind,
  lineKinds.trails,
];

/** A note that was never stored. */
export function note(id: string, members: Omit<Note, 'id' | 'version'> = {}): Note {
  return { id, version: 1, ...members };
}
