import { defineKind, type Kind, type Stored } from '../../src/store/records.ts';

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

/** Every kind that the suites use. */
export const kinds: readonly Kind[] = [notes, drafts, awkward, pair, pairLeft];

/** A note that was never stored. */
export function note(id: string, members: Omit<Note, 'id' | 'version'> = {}): Note {
  return { id, version: 1, ...members };
}
