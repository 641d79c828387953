import { typeid } from 'typeid-js';
import type { Documents, Level, TenantPlace } from '../../src/store/documents.ts';
import {
  defineKind,
  insert,
  type Kind,
  type Outcome,
  type Records,
  replace,
  type Stored,
} from '../../src/store/records.ts';
import { placesKind } from './load-documents.ts';

/** One line of a lane's book: the lane's `count`-th commit wrote it. */
interface Entry extends Stored {
  readonly lane: string;
  readonly key: string;
}

/** How many commits a lane has done; kept twice, in two kinds, and every commit changes both. */
interface Total extends Stored {
  readonly count: number;
}

const entries = defineKind<Entry>()('load_entries', { lane: 'many', key: 'unique' });
const totals = defineKind<Total>()('load_totals', {});
const copies = defineKind<Total>()('load_copies', {});

/** The kinds that the load writes. */
export const loadKinds: readonly Kind[] = [entries, totals, copies, placesKind];

/** How many lanes commit at once. */
export const lanes = 8;

/** What was acknowledged, told the moment it was. */
export type Acknowledged =
  | { readonly type: 'committed'; readonly lane: number; readonly count: number }
  | { readonly type: 'written'; readonly lane: Level; readonly count: number }
  | { readonly type: 'made' | 'dropped'; readonly place: TenantPlace };

/** Hands on what was acknowledged; the load goes on once it is where a kill cannot take it back. */
export type Acknowledge = (acknowledged: Acknowledged) => Promise<void>;

/** Commits without end: each adds an entry and counts up in both totals, in three kinds. */
export async function commitWithoutEnd(records: Records, lane: number, acknowledge: Acknowledge): Promise<never> {
  const id = `lane${lane}`;
  let total = await records.get(totals, id);
  if (total === undefined) {
    total = { id, version: 1, count: 0 };
    demandDone(await records.commit([insert(totals, total), insert(copies, total)]));
  }
  for (;;) {
    const next: Total = { ...total, count: total.count + 1 };
    const name = entryId(lane, next.count);
    demandDone(
      await records.commit([
        replace(totals, next),
        insert(entries, { id: name, version: 1, lane: id, key: name }),
        replace(copies, next),
      ]),
    );
    await acknowledge({ type: 'committed', lane, count: next.count });
    total = { ...next, version: next.version + 1 };
  }
}

/** Makes organizations without end, at one level after the other, and drops each when the next one stands. */
export async function makeWithoutEnd(documents: Documents, life: string, acknowledge: Acknowledge): Promise<never> {
  let last: TenantPlace | undefined;
  for (let number = 1; ; number += 1) {
    const [level, organization] = [number % 2 === 0 ? 'database' : 'collection', typeid('org').toString()] as const;
    const assigned = await documents.assignPlace(level, organization);
    const place = { ...assigned, level, organization, collection_name: `org_load_${life}_${number}`, epoch: 1 };
    await documents.makeCollection(place);
    await acknowledge({ type: 'made', place });
    if (last !== undefined) {
      await documents.dropCollection(last);
      await acknowledge({ type: 'dropped', place: last });
    }
    last = place;
  }
}

function demandDone(outcome: Outcome): void {
  if (outcome.result !== 'done')
    throw new Error(`the lane met ${JSON.stringify(outcome)}, though its records are its own`);
}

/** Sorts as text as it does as a number. */
function entryId(lane: number, count: number): string {
  return `lane${lane}-${String(count).padStart(8, '0')}`;
}

/** What stands of a lane: both totals, and the ids of its entries. */
export interface Standing {
  readonly total: number;
  readonly copy: number;
  readonly entries: readonly string[];
}

/** Reads what stands of a lane. */
export async function readLane(records: Records, lane: number): Promise<Standing> {
  const id = `lane${lane}`;
  const found: string[] = [];
  for (;;) {
    const last = found.at(-1);
    const after = last === undefined ? {} : { after: { key: id, id: last } };
    const page = await records.list(entries, 'lane', { prefix: id, limit: 1_000, ...after });
    if (page.length === 0) break;
    found.push(...page.map((entry) => entry.id));
  }
  const [total, copy] = [await records.get(totals, id), await records.get(copies, id)];
  return { total: total?.count ?? 0, copy: copy?.count ?? 0, entries: found };
}

/** What a lane's entries are after `count` commits. */
export function entriesOf(lane: number, count: number): string[] {
  return Array.from({ length: count }, (_, number) => entryId(lane, number + 1));
}
