import assert from 'node:assert/strict';
import { mergePatch } from '../../src/documents/merge-patch.ts';
import { type Answer, assertRefused, bodyOf, type Method, type Sent } from '../http-documents/calls.ts';
import { documentsOf, everyDocument, type Tenant } from '../http-documents/ground.ts';
import type { Members, ModelDocument, TenantModel } from './model.ts';

/** An organization with its model, and what its next calls are chosen by. */
export interface Player {
  readonly tenant: Tenant;
  readonly model: TenantModel;
  /** In each of its documents, and in nobody else's. */
  readonly mark: string;
  /** A number from 0 up to 1. */
  readonly random: () => number;
}

// The same for all, so that they would meet.
const ids = ['a', 'b', 'c', 'd', 'e', 'A', '~', 'doc'];
const collections = ['default', 'default', 'users', 'books'];

function pick<T>(random: () => number, values: readonly T[]): T {
  const value = values[Math.floor(random() * values.length)];
  if (value === undefined) throw new RangeError('there is nothing to pick');
  return value;
}

function newMembers({ random, mark }: Player): Members {
  return { mark, n: Math.floor(random() * 1e9), [pick(random, ['x', '$gt', 'a.b'])]: [{ mark }] };
}

/** Makes a call, and fails where the answer has the mark of another. */
async function callAs(
  { tenant, mark }: Player,
  [method, path]: readonly [Method, string],
  sent?: Sent,
): Promise<Answer> {
  const answer = await tenant.send(method, path, sent);
  assertOwn(answer.text, mark);
  return answer;
}

function assertOwn(text: string, mark: string): void {
  const others = (text.match(/mark-\d+-/g) ?? []).filter((found) => found !== mark);
  assert.deepEqual(others, [], `${mark} sees what is of others`);
}

function assertDocument(shown: Readonly<Record<string, unknown>>, id: string, document: ModelDocument): void {
  const { _id, _version, _created_at, _updated_at, ...members } = shown;
  assert.deepEqual([_id, _version, members], [id, document.version, document.members]);
}

type Step = (player: Player, collection: string, id: string) => Promise<void>;

/** What is told of a collection or a document that is not there; undefined where both are. */
function absence({ model }: Player, collection: string, id?: string): readonly [404, string] | undefined {
  if (model.documents(collection) === undefined) return [404, 'collection_not_found'];
  if (id === undefined || model.document(collection, id) !== undefined) return undefined;
  return [404, 'document_not_found'];
}

const steps = {
  async get(player, collection, id) {
    const answer = await callAs(player, ['GET', documentsOf(collection, id)]);
    const absent = absence(player, collection, id);
    const document = player.model.document(collection, id);
    if (absent !== undefined || document === undefined) return assertRefused(answer, absent ?? [404, '']);
    assertDocument(bodyOf(answer), id, document);
  },
  async put(player, collection, id) {
    const body = newMembers(player);
    const answer = await callAs(player, ['PUT', documentsOf(collection, id)], { body });
    const absent = absence(player, collection);
    if (absent !== undefined) return assertRefused(answer, absent);
    const document = player.model.store(collection, id, body);
    assertDocument(bodyOf(answer, document.version === 1 ? 201 : 200), id, document);
  },
  async insert(player, collection) {
    const body = newMembers(player);
    const answer = await callAs(player, ['POST', documentsOf(collection)], { body });
    const absent = absence(player, collection);
    if (absent !== undefined) return assertRefused(answer, absent);
    const id = String(bodyOf(answer, 201)['_id']);
    assertDocument(answer.body, id, player.model.store(collection, id, body));
  },
  async patch(player, collection, id) {
    const body = { n: null, [pick(player.random, ['x', 'y'])]: { mark: player.mark } };
    const answer = await callAs(player, ['PATCH', documentsOf(collection, id)], { body });
    const absent = absence(player, collection, id);
    if (absent !== undefined) return assertRefused(answer, absent);
    const members = mergePatch(player.model.document(collection, id)?.members, body);
    assertDocument(bodyOf(answer), id, player.model.store(collection, id, members));
  },
  async remove(player, collection, id) {
    const answer = await callAs(player, ['DELETE', documentsOf(collection, id)]);
    const absent = absence(player, collection, id);
    if (absent !== undefined) return assertRefused(answer, absent);
    bodyOf(answer, 204);
    player.model.documents(collection)?.delete(id);
  },
  async list(player, collection) {
    const documents = player.model.documents(collection);
    if (documents === undefined)
      return assertRefused(await callAs(player, ['GET', documentsOf(collection)]), [404, 'collection_not_found']);
    const direction = pick(player.random, ['ascending', 'descending']);
    const found = await everyDocument(
      player.tenant,
      { direction, limit: pick(player.random, ['2', '5', '1000']) },
      collection,
    );
    assertOwn(JSON.stringify(found), player.mark);
    const sorted = [...documents.keys()].sort();
    const ordered = direction === 'ascending' ? sorted : sorted.reverse();
    assert.deepEqual(
      found.map(({ _id }) => _id),
      ordered,
    );
    for (const shown of found) {
      const document = documents.get(String(shown['_id']));
      if (document !== undefined) assertDocument(shown, String(shown['_id']), document);
    }
  },
  async batch(player, collection, id) {
    const document = newMembers(player);
    const other = pick(
      player.random,
      ids.filter((each) => each !== id),
    );
    const operations = [
      { op: 'insert', id, document },
      { op: pick(player.random, ['replace', 'insert']), id: other, document },
    ];
    const answer = await callAs(player, ['POST', `${documentsOf(collection)}/batch`], { body: { operations } });
    const absent = absence(player, collection);
    if (absent !== undefined) return assertRefused(answer, absent);
    const failed = operations.findIndex(
      ({ op, id: each }) => (op === 'insert') === (player.model.document(collection, each) !== undefined),
    );
    if (failed >= 0) {
      const isInsert = operations[failed]?.op === 'insert';
      return assertRefused(
        answer,
        isInsert ? [409, 'document_exists'] : [404, 'document_not_found'],
        `#/operations/${failed}`,
      );
    }
    bodyOf(answer);
    for (const each of operations) player.model.store(collection, each.id, document);
  },
  async empty(player, collection) {
    const answer = await callAs(player, ['DELETE', documentsOf(collection)]);
    const documents = player.model.documents(collection);
    if (documents === undefined) return assertRefused(answer, [404, 'collection_not_found']);
    assert.deepEqual(bodyOf(answer), { deleted: documents.size, complete: true });
    documents.clear();
  },
  async usage(player, collection) {
    const { quotas: _, ...usage } = bodyOf(await callAs(player, ['GET', '/usage']));
    assert.deepEqual(usage, player.model.usage());
    const count = await callAs(player, ['GET', `/collections/${collection}/count`]);
    const documents = player.model.documents(collection);
    if (documents === undefined) return assertRefused(count, [404, 'collection_not_found']);
    assert.deepEqual(bodyOf(count), { documents: documents.size });
  },
  async make(player, collection) {
    const answer = await callAs(player, ['POST', '/collections'], { body: { name: collection } });
    if (player.model.documents(collection) !== undefined) return assertRefused(answer, [409, 'collection_exists']);
    bodyOf(answer, 201);
    player.model.collections.set(collection, new Map());
  },
  async drop(player, collection) {
    const answer = await callAs(player, ['DELETE', `/collections/${collection}`]);
    if (collection === 'default') return assertRefused(answer, [409, 'collection_permanent']);
    const documents = player.model.documents(collection);
    if (documents === undefined) return assertRefused(answer, [404, 'collection_not_found']);
    assert.equal((bodyOf(answer)['erased'] as { documents: number }).documents, documents.size);
    player.model.collections.delete(collection);
  },
} satisfies Readonly<Record<string, Step>>;

/** How often each step is taken, among all. */
const weights: Readonly<Record<keyof typeof steps, number>> = {
  get: 20,
  put: 20,
  insert: 8,
  patch: 15,
  remove: 8,
  list: 10,
  batch: 8,
  empty: 1,
  usage: 4,
  make: 4,
  drop: 2,
};

const choices = (Object.keys(weights) as (keyof typeof steps)[]).flatMap((name) =>
  Array.from({ length: weights[name] }, () => name),
);

/** Makes a call that chance chooses, and compares its answer with the model's. */
export async function takeStep(player: Player): Promise<void> {
  const { random } = player;
  const step: Step = steps[pick(random, choices)];
  await step(player, pick(random, collections), pick(random, ids));
}

/** Compares all that an organization has with its model. */
export async function compareAll(player: Player): Promise<void> {
  for (const collection of player.model.collections.keys()) await steps.list(player, collection);
  await steps.usage(player, 'default');
}
