import type { Tenancy } from '../organizations/tenancy.ts';
import { moved } from '../store/decide.ts';
import { bytesOf, type DocumentChange, type Quota, type TenantPlace, type Usage } from '../store/documents.ts';
import { nextOf } from './change.ts';
import type { Entry, LineError } from './import-line.ts';
import { again, inCollection, type Target } from './in-collection.ts';
import { readStanding } from './standing.ts';

/** What became of entries. */
export interface StoredEntries {
  readonly stored: number;
  /** The document that is there has the same members. */
  readonly unchanged: number;
  /** Over a quota. */
  readonly failures: readonly LineError[];
}

/** An entry whose document is not there, or is there with other members. */
interface Step {
  readonly entry: Entry;
  readonly change: Exclude<DocumentChange, { readonly op: 'remove' }>;
}

/**
 * Stores the documents of entries in their collection, in one transaction where what stands in their place is not too much
 * for it: new ones with the version and the times that
 * they bring, others in the place of what stands. Those that are over a quota are left out, and do not keep the others
 * from being stored.
 *
 * @param entries each of another id, at most 1,000
 * @throws {TenantryError} organization_not_found, collection_not_found, busy, stopping, storage_unavailable
 */
export function storeEntries(tenancy: Tenancy, target: Target, entries: readonly Entry[]): Promise<StoredEntries> {
  return storeWithin(tenancy, target, entries);
}

async function storeWithin(tenancy: Tenancy, target: Target, entries: readonly Entry[]): Promise<StoredEntries> {
  const stored = await storeTogether(tenancy, target, entries);
  if (stored !== undefined) return stored;
  const half = Math.ceil(entries.length / 2);
  const one = await storeWithin(tenancy, target, entries.slice(0, half));
  const other = await storeWithin(tenancy, target, entries.slice(half));
  return {
    stored: one.stored + other.stored,
    unchanged: one.unchanged + other.unchanged,
    failures: [...one.failures, ...other.failures],
  };
}

/** @returns undefined where too much stands in their place to be held at once */
function storeTogether(
  tenancy: Tenancy,
  target: Target,
  entries: readonly Entry[],
): Promise<StoredEntries | undefined> {
  const { collection } = target;
  return inCollection(tenancy, target, async ({ place, quota, isRecent, end }) => {
    const steps = await stepsOf(tenancy, place, entries);
    if (steps === undefined) return undefined;
    let left: readonly Step[] = steps;
    const failures: LineError[] = [];
    while (left.length > 0) {
      const changes = left.map(({ change }) => change);
      const outcome = await tenancy.documents.write(place, { collection, changes, quota }, end);
      if (outcome.result === 'done') break;
      if (outcome.result !== 'full') return again(outcome, { quota, isRecent });
      const { fitting, over } = divide(left, quota, outcome.usage);
      // Others have removed something since.
      if (over.length === 0) return moved;
      left = fitting;
      failures.push(...over);
    }
    return { stored: left.length, unchanged: entries.length - steps.length, failures };
  });
}

async function stepsOf(tenancy: Tenancy, place: TenantPlace, entries: readonly Entry[]): Promise<Step[] | undefined> {
  const collection = entries[0]?.collection ?? '';
  const ids = entries.map(({ id }) => id);
  const standing = await readStanding(tenancy, place, collection, ids);
  if (standing === undefined) return undefined;
  const at = tenancy.now();
  return entries.flatMap((entry): Step[] => {
    const { id, members, version } = entry;
    const before = standing.get(id);
    if (before?.members === members) return [];
    const next = nextOf({ id, standing: before, members }, at);
    if (before !== undefined) return [{ entry, change: { op: 'replace', before, document: next } }];
    const { created_at = next.created_at, updated_at = next.updated_at } = entry;
    return [{ entry, change: { op: 'insert', document: { id, version, created_at, updated_at, members } } }];
  });
}

/** Takes the steps one after the other as long as they fit in what the quota leaves. */
function divide(
  steps: readonly Step[],
  quota: Quota,
  usage: Usage,
): { readonly fitting: readonly Step[]; readonly over: readonly LineError[] } {
  const fitting: Step[] = [];
  const over: LineError[] = [];
  let { documents, bytes } = usage;
  for (const step of steps) {
    const added = addedBy(step.change);
    const passed = passedBy({ documents, bytes }, added, quota);
    if (passed !== undefined) {
      over.push({ line: step.entry.line, detail: `The organization may not have more ${passed}` });
      continue;
    }
    fitting.push(step);
    documents += added.documents;
    bytes += added.bytes;
  }
  return { fitting, over };
}

function addedBy(change: Step['change']): Usage {
  const bytes = bytesOf(change.document);
  return change.op === 'insert' ? { documents: 1, bytes } : { documents: 0, bytes: bytes - bytesOf(change.before) };
}

const bounds = ['documents', 'bytes'] as const;

/** The bound that would be passed: only what adds can pass one. */
function passedBy(usage: Usage, added: Usage, quota: Quota): keyof Quota | undefined {
  return bounds.find((bound) => {
    const most = quota[bound];
    return most !== undefined && added[bound] > 0 && usage[bound] + added[bound] > most;
  });
}
