import type { Outcome, RecordChange } from '../../src/store/records.ts';
import type { Item, ModelKind } from './model-kinds.ts';

/** A change of a commit, as it is written down. */
export interface WrittenChange {
  readonly op: RecordChange['op'];
  readonly kind: ModelKind;
  readonly record: Item;
}

/** What a read asked for. */
export type Query =
  | { readonly type: 'many'; readonly kind: ModelKind; readonly ids: readonly string[] }
  | { readonly type: 'list'; readonly kind: ModelKind; readonly group: string }
  | { readonly type: 'get'; readonly kind: ModelKind; readonly id: string }
  | { readonly type: 'find'; readonly kind: ModelKind; readonly index: 'first'; readonly key: string };

/**
 * One call and its answer. `begin` and `end` are nanoseconds of the machine's monotonic clock, which all its processes
 * share: an operation that ended before another began came before it.
 */
export type Operation = ReadOperation | CommitOperation;

/** A read, and the records that it gave. */
export interface ReadOperation {
  readonly type: 'read';
  readonly begin: number;
  readonly end: number;
  readonly query: Query;
  readonly answer: readonly Item[];
}

/** A commit, and what became of it. */
export interface CommitOperation {
  readonly type: 'commit';
  readonly begin: number;
  /** Infinity where no answer came. */
  readonly end: number;
  readonly changes: readonly WrittenChange[];
  /** Absent where no answer came: it may or may not have happened. */
  readonly outcome?: Outcome;
}

/** What the lanes of one process tell, in this order for each commit; a `began` that nothing follows was cut off. */
export type Told =
  | { readonly type: 'read'; readonly operation: ReadOperation }
  | {
      readonly type: 'began';
      readonly commit: string;
      readonly begin: number;
      readonly changes: readonly WrittenChange[];
    }
  | { readonly type: 'ended'; readonly commit: string; readonly end: number; readonly outcome?: Outcome };

/** The operations of what was told. */
export function historyOf(told: readonly Told[]): Operation[] {
  const ended = new Map(told.flatMap((entry) => (entry.type === 'ended' ? [[entry.commit, entry] as const] : [])));
  return told.flatMap((entry): Operation[] => {
    if (entry.type === 'read') return [entry.operation];
    if (entry.type === 'ended') return [];
    const { commit, begin, changes } = entry;
    const { end, outcome } = ended.get(commit) ?? {};
    if (outcome === undefined || end === undefined) return [{ type: 'commit', begin, end: Infinity, changes }];
    return [{ type: 'commit', begin, end, changes, outcome }];
  });
}

/** The history in the order of its beginnings, a line each: what a failed run prints. */
export function describeHistory(history: readonly Operation[]): string {
  const start = Math.min(...history.map((operation) => operation.begin));
  const microseconds = (time: number) => (Number.isFinite(time) ? String(Math.round((time - start) / 1_000)) : 'never');
  return history
    .toSorted((left, right) => left.begin - right.begin)
    .map((operation) => {
      const when = `${microseconds(operation.begin)}..${microseconds(operation.end)} us`;
      if (operation.type === 'read') {
        return `${when} read ${JSON.stringify(operation.query)} -> ${JSON.stringify(operation.answer)}`;
      }
      const changes = operation.changes.map(({ op, kind, record }) => `${op} ${kind} ${JSON.stringify(record)}`);
      return `${when} commit ${changes.join(', ')} -> ${JSON.stringify(operation.outcome ?? 'no answer')}`;
    })
    .join('\n');
}
