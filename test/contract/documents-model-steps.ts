import assert from 'node:assert/strict';
import type {
  DocumentChange,
  DocumentRange,
  Documents,
  Quota,
  StoredDocument,
  Write,
} from '../../src/store/documents.ts';
import { keptAnswer } from './documents-kept.ts';
import {
  allowedOutcomes,
  applyWrite,
  documentsIn,
  emptyTenant,
  findDocument,
  isKept,
  removeFirst,
  type TenantState,
  usageIn,
} from './documents-model-state.ts';
import type { Tenants } from './documents-tenants.ts';
import { documentOf, insertion, lateEnd, listPage, nextOf, removal, replacement } from './documents-writes.ts';

/** A change before it is known what stands: `stale` expects a version that was not read. */
export interface Intent {
  readonly op: DocumentChange['op'];
  readonly id: string;
  readonly length: number;
  readonly stale: boolean;
}

/** Which organization, by its number, and which of its collections. */
interface At {
  readonly tenant: number;
  readonly collection: string;
}

/** One call, or what else may happen between two. `late` is how many epochs its sender is behind; -1 is ahead. */
export type Step =
  | (At & {
      readonly call: 'write';
      readonly late: number;
      readonly intents: readonly Intent[];
      readonly quota: Quota;
      readonly keep: { readonly id: string; readonly isOver: boolean } | null;
    })
  | (At & { readonly call: 'get'; readonly ids: readonly string[] })
  | (At & { readonly call: 'list'; readonly range: Omit<DocumentRange, 'after'> })
  | (At & { readonly call: 'remove some'; readonly late: number; readonly most: number })
  | (At & { readonly call: 'find answers' })
  | (At & { readonly call: 'raise' | 'recount' | 'make again' | 'make anew' })
  | { readonly call: 'reopen' };

/** Where steps are taken: the real thing, and the model of each organization beside it. */
export interface Scene {
  readonly tenants: Tenants;
  readonly states: readonly TenantState[];
  /** Counts the steps, so that they are taken through the stores in turn. */
  turn: number;
}

/** The ids of answers that the steps keep. */
export const answerIds = ['key', 'key-2'] as const;

/** Takes a step in both, and compares them. */
export async function takeStep(scene: Scene, step: Step): Promise<void> {
  scene.turn += 1;
  if (step.call === 'reopen') return await scene.tenants.reopen();
  const state = scene.states[step.tenant];
  assert.ok(state);
  switch (step.call) {
    case 'write':
      return await takeWrite(scene, state, step);
    case 'list':
      return await takeList(scene, state, step);
    case 'remove some':
      return await takeRemoval(scene, state, step);
    case 'get':
    case 'find answers':
      return await takeLook(scene, state, step);
    case 'raise':
      state.place = await scene.tenants.raise(state.place);
      return;
    case 'recount':
      return await takeRecount(scene, state);
    case 'make again':
      return await scene.tenants.documentsOf(scene.turn).makeCollection(state.place);
    case 'make anew':
      return await takeReplacement(scene, state);
  }
}

type StepOf<C extends Step['call']> = Extract<Step, { readonly call: C }>;

async function takeWrite({ tenants, turn }: Scene, state: TenantState, step: StepOf<'write'>): Promise<void> {
  const { collection, intents, quota, keep, late } = step;
  const mark = `${state.place.organization} ${turn}`;
  const over = keep?.isOver ? '2020-01-01T00:00:00.000Z' : undefined;
  const write: Write = {
    collection,
    changes: intents.map((intent) => changeOf(findDocument(state, collection, intent.id), intent, mark)),
    quota,
    keep: keep === null ? undefined : keptAnswer(keep.id, mark, over),
  };
  const epoch = state.place.epoch - late;
  const allowed = allowedOutcomes(state, epoch, write);
  const outcome = await tenants.documentsOf(turn).write({ ...state.place, epoch }, write, lateEnd());
  const wanted = allowed.find(({ result }) => result === outcome.result) ?? allowed;
  assert.deepEqual(outcome, wanted);
  if (outcome.result === 'done') applyWrite(state, write);
  assert.deepEqual(await tenants.documentsOf(turn).usage(state.place), usageIn(state));
}

function changeOf(stored: StoredDocument | undefined, { op, id, length, stale }: Intent, mark: string): DocumentChange {
  const value = { mark, text: 'ä'.repeat(length) };
  if (op === 'insert') return insertion(documentOf(id, value));
  const seen = stored ?? documentOf(id);
  const before = stale ? { ...seen, version: seen.version + 1 } : seen;
  return op === 'remove' ? removal(before) : replacement(before, nextOf(before, value));
}

async function takeList({ tenants, turn }: Scene, state: TenantState, step: StepOf<'list'>): Promise<void> {
  const { collection, range } = step;
  const expected = documentsIn(state, collection);
  if (range.direction === 'descending') expected.reverse();
  const listed: StoredDocument[] = [];
  let after: string | undefined;
  do {
    const page = await listPage(tenants.documentsOf(turn), state.place, { ...range, after }, collection);
    assert.ok(page.documents.length <= range.limit);
    assert.ok(page.documents.length > 0 || page.next === undefined);
    listed.push(...page.documents);
    after = page.next;
  } while (after !== undefined);
  assert.deepEqual(listed, expected);
}

async function takeRemoval({ tenants, turn }: Scene, state: TenantState, step: StepOf<'remove some'>): Promise<void> {
  const { collection, late, most } = step;
  const place = { ...state.place, epoch: state.place.epoch - late };
  const expected = late === 0 ? removeFirst(state, collection, most) : 'moved';
  assert.equal(await tenants.documentsOf(turn).removeSome(place, collection, most, lateEnd()), expected);
  assert.deepEqual(await tenants.documents.usage(place, collection), usageIn(state, collection));
}

async function takeLook(
  { tenants, turn }: Scene,
  state: TenantState,
  step: StepOf<'get' | 'find answers'>,
): Promise<void> {
  const documents = tenants.documentsOf(turn);
  if (step.call === 'get') {
    const expected = step.ids.flatMap((id) => findDocument(state, step.collection, id) ?? []);
    assert.deepEqual(await documents.getMany(state.place, step.collection, step.ids), expected);
    return;
  }
  await assertAnswers(documents, state);
}

/** Of those that the steps keep each is as it was kept; one that is over may be forgotten. */
export async function assertAnswers(documents: Documents, state: TenantState): Promise<void> {
  for (const id of answerIds) {
    const answer = await documents.kept(state.place, id);
    if (answer !== undefined || isKept(state, id)) assert.deepEqual(answer, state.kept.get(id));
  }
}

async function takeRecount({ tenants, turn }: Scene, state: TenantState): Promise<void> {
  const usage = usageIn(state);
  assert.deepEqual(await tenants.documentsOf(turn).recount(state.place), { counted: usage, slots: usage });
}

/** Another organization, in the place and with the name of the one that was dropped. */
async function takeReplacement({ tenants }: Scene, state: TenantState): Promise<void> {
  const { collection_name, level } = state.place;
  assert.deepEqual(await tenants.drop(state.place), usageIn(state));
  const name = collection_name.split('_').slice(2).join('_');
  Object.assign(state, emptyTenant(await tenants.make(name, level)));
}
