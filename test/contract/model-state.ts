import type { Outcome } from '../../src/store/records.ts';
import type { Query, WrittenChange } from './model-history.ts';
import { type Item, type ModelKind, modelKinds, uniqueIndexes } from './model-kinds.ts';

/** What the master database holds, by the words of the port: for each kind, the records by their ids. A value. */
export type State = Readonly<Record<ModelKind, ReadonlyMap<string, Item>>>;

/** The state of new data. */
export const emptyState: State = { model_items: new Map(), model_guards: new Map() };

/** A text that is equal for equal states. */
export function describeState(state: State): string {
  const kinds = Object.keys(modelKinds) as ModelKind[];
  return kinds.map((kind) => `${kind}:${describeItems([...state[kind].values()].sort(byId))}`).join(';');
}

/** A text that is equal for equal records in the same order, whatever the order of their members. */
export function describeItems(records: readonly Item[]): string {
  return records
    .map(({ id, version, group, value, first, second }) => JSON.stringify([id, version, group, value, first, second]))
    .join(',');
}

function byId(left: Item, right: Item): number {
  return left.id < right.id ? -1 : Number(left.id > right.id);
}

/** What the port says of the changes on this state: the outcome, and the state that they leave. */
export function applyChanges(state: State, changes: readonly WrittenChange[]): { outcome: Outcome; state: State } {
  let next = state;
  for (const change of changes) {
    const outcome = tryChange(next, change);
    if (outcome.result !== 'done') return { outcome, state };
    next = leave(next, change);
  }
  return { outcome: { result: 'done' }, state: next };
}

function tryChange(state: State, { op, kind, record }: WrittenChange): Outcome {
  const stored = state[kind].get(record.id);
  if (op === 'insert') {
    if (stored !== undefined) return { result: 'duplicate', kind, index: 'id' };
  } else if (stored?.version !== record.version) {
    return { result: 'conflict', kind, id: record.id };
  }
  if (op === 'remove' || op === 'check') return { result: 'done' };
  const others = [...state[kind].values()].filter((other) => other.id !== record.id);
  for (const index of uniqueIndexes[kind]) {
    const key = record[index];
    if (key !== undefined && others.some((other) => other[index] === key)) return { result: 'duplicate', kind, index };
  }
  return { result: 'done' };
}

function leave(state: State, { op, kind, record }: WrittenChange): State {
  if (op === 'check') return state;
  const records = new Map(state[kind]);
  if (op === 'remove') records.delete(record.id);
  else records.set(record.id, op === 'insert' ? record : { ...record, version: record.version + 1 });
  return { ...state, [kind]: records };
}

/** What a read of this state answers. The keys of the model are plain letters: any order of strings is the port's. */
export function answerOf(state: State, query: Query): Item[] {
  const records = state[query.kind];
  switch (query.type) {
    case 'many':
      return query.ids.flatMap((id) => records.get(id) ?? []);
    case 'get':
      return [records.get(query.id) ?? []].flat();
    case 'find':
      return [...records.values()].filter((record) => record[query.index] === query.key);
    case 'list':
      return [...records.values()].filter((record) => record.group === query.group).sort(byId);
  }
}
