import assert from 'node:assert/strict';
import { typeid } from 'typeid-js';
import type { DocumentChange, Documents, Level, StoredDocument, TenantPlace } from '../../src/store/documents.ts';
import { defineKind, insert, type Kind, type Records, type Stored } from '../../src/store/records.ts';
import type { Acknowledge } from './load.ts';

/** Where the organization of a lane is, in all lives of the process. */
interface Lane extends Stored {
  readonly place: TenantPlace;
}

const lanesKind = defineKind<Lane>()('load_places', {});

/** The kind that the load keeps its places in. */
export const placesKind: Kind = lanesKind;

/** The lanes that write documents: an organization at each level. */
export const documentLanes = ['pooled', 'collection', 'database', 'cluster'] as const satisfies readonly Level[];

/** How many of its documents a lane lets stand: each write inserts one and removes the one so far behind. */
const documentsStanding = 20;

/** Sorts before all others: how many writes its lane has done. */
const totalId = '-total';

/**
 * Writes documents without end: each write counts up a total, inserts a document, removes an old one, and keeps an answer.
 */
export async function writeWithoutEnd(
  { records, documents }: { records: Records; documents: Documents },
  lane: Level,
  acknowledge: Acknowledge,
): Promise<never> {
  const place = (await placeOfLane(records, lane)) ?? (await assignLane(records, documents, lane));
  await documents.makeCollection(place);
  for (let count = (await readTotal(documents, place)) + 1; ; count += 1) {
    const outcome = await documents.write(
      place,
      {
        collection: 'default',
        changes: changesOf(count),
        quota: {},
        keep: { id: answerId(count), request: 'r', answer: String(count), expires_at: '9999-01-01T00:00:00.000Z' },
      },
      performance.now() + 30_000,
    );
    if (outcome.result !== 'done') {
      throw new Error(`the lane ${lane} met ${JSON.stringify(outcome)}, though its documents are its own`);
    }
    await acknowledge({ type: 'written', lane, count });
  }
}

async function placeOfLane(records: Records, lane: Level): Promise<TenantPlace | undefined> {
  return (await records.get(lanesKind, lane))?.place;
}

async function assignLane(records: Records, documents: Documents, level: Level): Promise<TenantPlace> {
  const organization = typeid('org').toString();
  const assigned = await documents.assignPlace(level, organization);
  const place = { ...assigned, level, organization, collection_name: `org_lane_${level}`, epoch: 1 };
  await records.commit([insert(lanesKind, { id: level, version: 1, place })]);
  return place;
}

function changesOf(count: number): DocumentChange[] {
  const [total, before] = [totalOf(count), totalOf(count - 1)];
  const changes: DocumentChange[] = [
    count === 1 ? { op: 'insert', document: total } : { op: 'replace', before, document: total },
    { op: 'insert', document: documentOf(count) },
  ];
  if (count > documentsStanding) changes.push({ op: 'remove', before: documentOf(count - documentsStanding) });
  return changes;
}

const time = '2026-01-01T00:00:00.000Z';

function totalOf(count: number): StoredDocument {
  return { id: totalId, version: count, created_at: time, updated_at: time, members: `{"count":${count}}` };
}

/** Of many sizes, up to some pages. */
function documentOf(count: number): StoredDocument {
  const members = JSON.stringify({ text: 'x'.repeat((count * 997) % 10_000) });
  const id = String(count).padStart(8, '0');
  return { id, version: 1, created_at: time, updated_at: time, members };
}

function answerId(count: number): string {
  return `answer_${count}`;
}

async function readTotal(documents: Documents, place: TenantPlace): Promise<number> {
  const [total] = await documents.getMany(place, 'default', [totalId]);
  return total === undefined ? 0 : JSON.parse(total.members).count;
}

/**
 * Fails where what stands of a lane is not what its acknowledged writes left, or those and one more; and where its slots
 * are not what a recount finds.
 *
 * @returns how many writes stand
 */
export async function compareLane(
  { records, documents }: { records: Records; documents: Documents },
  lane: Level,
  acknowledged: number,
): Promise<number> {
  const place = await placeOfLane(records, lane);
  if (place === undefined) return acknowledged;
  const total = await readTotal(documents, place);
  assert.ok(total >= acknowledged, `lane ${lane}: ${acknowledged} writes were acknowledged, ${total} are there`);
  assert.ok(total <= acknowledged + 1, `lane ${lane}: ${total} writes are there, one after ${acknowledged} was begun`);
  const range = { direction: 'ascending', limit: 1_000, bytes: Number.POSITIVE_INFINITY } as const;
  const standing = (await documents.list(place, 'default', range)).documents;
  assert.deepEqual(standing, expectedOf(total), `lane ${lane}: a write is there by half`);
  for (const [count, isKept] of [
    [total, total > 0],
    [total + 1, false],
  ] as const) {
    assert.equal((await documents.kept(place, answerId(count)))?.answer, isKept ? String(count) : undefined);
  }
  const { counted, slots } = await documents.recount(place);
  assert.deepEqual(slots, counted, `lane ${lane}: the slots count otherwise`);
  assert.equal(counted.documents, standing.length);
  assert.deepEqual(await documents.usage(place, 'default'), counted);
  return total;
}

function expectedOf(total: number): StoredDocument[] {
  if (total === 0) return [];
  const first = Math.max(1, total - documentsStanding + 1);
  return [totalOf(total), ...Array.from({ length: total - first + 1 }, (_, number) => documentOf(first + number))];
}
