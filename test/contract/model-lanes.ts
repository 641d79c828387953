import { TenantryError } from '../../src/errors.ts';
import type { Kind, Outcome, RecordChange, Records } from '../../src/store/records.ts';
import type { Query, Told, WrittenChange } from './model-history.ts';
import { guards, type Item, items, type ModelKind, modelKinds } from './model-kinds.ts';

/** What one client does in a step: it reads, and decides a commit by what it read. */
export interface Step {
  /** What it reads beside the records that it decides by. */
  readonly look: Query['type'];
  readonly intents: readonly Intent[];
}

/** A change before the version is known that it will expect. */
export interface Intent {
  readonly op: RecordChange['op'];
  /** 0 to 2 are items, 3 is the guard. */
  readonly slot: number;
  readonly first: string | null;
  readonly second: string | null;
  /** Expects a version that was not read. */
  readonly stale: boolean;
}

/** The clients of one run, which work at once; each does its steps one after the other. */
export interface Lanes {
  /** Keeps the records and keys of a run apart from those of other runs on the same data. */
  readonly run: string;
  /** Tells the lanes of several processes apart. */
  readonly process: string;
  readonly lanes: readonly (readonly Step[])[];
}

/** Hands out one entry of the history; a commit is not begun before what it resolves to. */
export type Tell = (told: Told) => Promise<void>;

/** Runs all lanes to their end. */
export async function runLanes(
  recordsOf: (turn: number) => Records,
  { run, process, lanes }: Lanes,
  tell: Tell,
): Promise<void> {
  await Promise.all(
    lanes.map(async (steps, lane) => {
      for (const [number, step] of steps.entries()) {
        const commit = `${run}-${process}-${lane}-${number}`;
        await runStep({ records: recordsOf(lane), run, commit, tell }, step);
      }
    }),
  );
}

interface Client {
  readonly records: Records;
  readonly run: string;
  /** The number of the commit, which is also the value that it writes. */
  readonly commit: string;
  readonly tell: Tell;
}

async function runStep(client: Client, step: Step): Promise<void> {
  const { records, run, commit, tell } = client;
  const seen = new Map<string, Item>();
  for (const query of [queryOf(run, 'many', 'model_items'), queryOf(run, 'get', 'model_guards')]) {
    for (const item of await read(client, query)) seen.set(`${item.id}`, item);
  }
  await read(client, queryOf(run, step.look, 'model_items'));
  await read(client, queryOf(run, step.look, 'model_guards'));
  const changes = step.intents.map((intent) => changeOf(client, intent, seen));
  await tell({ type: 'began', commit, begin: now(), changes });
  const outcome = await outcomeOf(records, changes);
  await tell({ type: 'ended', commit, end: now(), ...(outcome === undefined ? {} : { outcome }) });
}

/** What became of it; undefined where the store could not say. */
async function outcomeOf(records: Records, changes: readonly WrittenChange[]): Promise<Outcome | undefined> {
  try {
    return await records.commit(
      changes.map(({ op, kind, record }) => ({ op, kind: modelKinds[kind] as Kind, record })),
    );
  } catch (error) {
    if (error instanceof TenantryError && ['storage_unavailable', 'busy'].includes(error.code)) return undefined;
    throw error;
  }
}

function now(): number {
  return Number(process.hrtime.bigint());
}

function idOf(run: string, slot: number): string {
  return `${run}-${slot}`;
}

/** What a look of this type asks for in this run. */
export function queryOf(run: string, type: Query['type'], kind: ModelKind): Query {
  const slots = kind === 'model_guards' ? [3] : [0, 1, 2];
  const ids = slots.map((slot) => idOf(run, slot));
  switch (type) {
    case 'many':
      return { type, kind, ids };
    case 'list':
      return { type, kind, group: run };
    case 'get':
      return { type, kind, id: ids[0] ?? '' };
    case 'find':
      return { type, kind, index: 'first', key: `${run}-x` };
  }
}

async function read({ records, tell }: Pick<Client, 'records' | 'tell'>, query: Query): Promise<readonly Item[]> {
  const begin = now();
  const answer = await answerFrom(records, query);
  await tell({ type: 'read', operation: { type: 'read', begin, end: now(), query, answer } });
  return answer;
}

async function answerFrom(records: Records, query: Query): Promise<readonly Item[]> {
  const kind = query.kind === 'model_items' ? items : guards;
  switch (query.type) {
    case 'many':
      return records.getMany(kind as Kind<Item>, query.ids);
    case 'list':
      return query.kind === 'model_items'
        ? records.list(items, 'group', { prefix: query.group, limit: 100 })
        : records.list(guards, 'group', { prefix: query.group, limit: 100 });
    case 'get':
      return [(await records.get(kind as Kind<Item>, query.id)) ?? []].flat();
    case 'find':
      return [
        (query.kind === 'model_items'
          ? await records.find(items, query.index, query.key)
          : await records.find(guards, query.index, query.key)) ?? [],
      ].flat();
  }
}

/** Reads everything of a run, as its last step: what the history must lead to. */
export async function readAll(records: Records, run: string, tell: Tell): Promise<void> {
  for (const kind of ['model_items', 'model_guards'] as const) {
    for (const type of ['list', 'many', 'find'] as const) await read({ records, tell }, queryOf(run, type, kind));
  }
}

function changeOf({ run, commit }: Client, intent: Intent, seen: ReadonlyMap<string, Item>): WrittenChange {
  const { op, slot, first, second, stale } = intent;
  const id = idOf(run, slot);
  const version = op === 'insert' ? 1 : (seen.get(id)?.version ?? 1) + Number(stale);
  const record: Item = {
    ...{ id, version, group: run, value: `${commit}` },
    ...(first === null ? {} : { first: `${run}-${first}` }),
    ...(second === null || slot === 3 ? {} : { second: `${run}-${second}` }),
  };
  return { op, kind: slot === 3 ? 'model_guards' : 'model_items', record };
}
