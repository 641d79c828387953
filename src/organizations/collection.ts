import { typeid } from 'typeid-js';
import { defineKind, type Stored } from '../store/records.ts';
import type { Deletion } from './organization.ts';

/** A collection of an organization beside `default`, which every organization has and no record tells of. */
export interface Collection extends Stored {
  /** TypeID with the prefix `col`. */
  readonly id: string;
  readonly organization_id: string;
  /** `[a-z][a-z0-9_]{0,62}`. */
  readonly name: string;
  /** The organization's id, `/` and the name: no organization has two of one name. */
  readonly key: string;
  /**
   * `deleting`: no call finds it any more, and its name is taken until its documents are removed. `deleted`: they are, and
   * its name is taken because a drop may still arrive.
   */
  readonly status: 'active' | 'deleting' | 'deleted';
  /** Present from the moment a deletion began; `uncertain` before a drop is sent. */
  readonly deletion?: Deletion;
  /** RFC 3339, UTC, milliseconds. */
  readonly created_at: string;
}

/** The kind of record that collections are. */
export const collections = defineKind<Collection>()('collections', { key: 'unique', status: 'many' });

/** The collection that every organization has from its creation to its end. */
export const defaultCollection = 'default';

/** A new collection's id. */
export function newCollectionId(): string {
  return typeid('col').toString();
}

/** What tells an organization's collections from all others; the key of a collection is this and its name. */
export function collectionKey(organizationId: string, name = ''): string {
  return `${organizationId}/${name}`;
}
