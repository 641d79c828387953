import { defineKind, type Kind, type Stored } from '../../src/store/records.ts';

/** A record of the model. All of one run share a group, which lists them; `value` is the number of the commit that wrote it. */
export interface Item extends Stored {
  readonly group: string;
  readonly value: string;
  readonly first?: string;
  readonly second?: string;
}

/** The records that commits contend for, by id and by two unique keys. */
export const items = defineKind<Item>()('model_items', { group: 'many', first: 'unique', second: 'unique' });

/** A second kind, so that commits reach over two. */
export const guards = defineKind<Item>()('model_guards', { group: 'many', first: 'unique' });

/** The kinds of the model by their names, as they are written down in a history. */
export const modelKinds = { model_items: items, model_guards: guards } as const;

/** The name of a kind of the model. */
export type ModelKind = keyof typeof modelKinds;

/** The unique indexes of each kind, in the order of their declaration. */
export const uniqueIndexes = {
  model_items: ['first', 'second'],
  model_guards: ['first'],
} as const satisfies Record<ModelKind, readonly ('first' | 'second')[]>;

/** The same kinds, to open a store with. */
export const modelKindList: readonly Kind[] = Object.values(modelKinds).map((kind) => kind);
