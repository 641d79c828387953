import { setTimeout } from 'node:timers/promises';
import { TenantryError } from '../errors.ts';
import { keysFull } from '../idempotency/keys-full.ts';
import { type Collection, collectionKey, collections, defaultCollection } from '../organizations/collection.ts';
import { notFound } from '../organizations/find-live.ts';
import { adoptOrganization } from '../organizations/finish-creation.ts';
import { slowMilliseconds } from '../organizations/finish-deletion.ts';
import { isLive, type Organization, organizations, placeOf } from '../organizations/organization.ts';
import type { Tenancy } from '../organizations/tenancy.ts';
import { byEnd, commandEnd, moved } from '../store/decide.ts';
import type { Quota, TenantPlace, Write, WriteOutcome } from '../store/documents.ts';
import { asTheyStand, type RecentRecords } from '../store/recent-records.ts';

/** The collection that a call is about. */
export interface Target {
  /** As it was read when the call began. */
  readonly organization: Organization;
  /** Its name; it need not be there. */
  readonly collection: string;
  /** When the decision began whose organization it is, in milliseconds of `performance.now()`; just now where it is left out. */
  readonly decidedAt?: number;
}

/** What an attempt in a collection works with. */
export interface Routed {
  readonly place: TenantPlace;
  /** Tells the collection from others of its name, before and after it. */
  readonly collectionId: string;
  readonly quota: Quota;
  /** Place and quota are as they were read when the call began, or some seconds before. */
  readonly isRecent: boolean;
  /** The command's end, in milliseconds of `performance.now()`. */
  readonly end: number;
}

/** What an attempt gives whose write was refused because of the place's epoch. */
export const otherEpoch = Symbol('other epoch');

type Attempt<T> = (routed: Routed) => Promise<T | typeof moved | typeof otherEpoch>;

/** Before the place is read again: the epoch is being raised, or the slots are being made. */
const pauseMilliseconds = 20;

/**
 * Runs a command in a collection: `attempt` reads, decides and writes; where what it had read has moved it is run again,
 * in the place that the organization then has, until the time limit.
 *
 * @throws {TenantryError} organization_not_found, collection_not_found, busy, storage_unavailable; and what `attempt` throws
 */
export async function inCollection<T>(tenancy: Tenancy, target: Target, attempt: Attempt<T>): Promise<T> {
  const end = commandEnd();
  let { organization } = target;
  const standing = asTheyStand(tenancy.records);
  let isRecent = true;
  let decidedAt = target.decidedAt ?? performance.now();
  do {
    // After the organization: a deletion of the collection raises its epoch in the same commit.
    const collectionId = await byEnd(demandCollection(standing, organization.id, target.collection), end);
    const { documents, bytes } = organization.quotas ?? { documents: null, bytes: null };
    const quota = { documents: documents ?? undefined, bytes: bytes ?? undefined };
    const result = await byEnd(
      inDecision(
        tenancy,
        { organization, decidedAt },
        attempt({ place: placeOf(organization), collectionId, quota, isRecent, end }),
      ),
      end,
    );
    if (result !== moved && result !== otherEpoch) return result;
    if (result === otherEpoch) await byEnd(settleEpoch(tenancy, organization), end);
    decidedAt = performance.now();
    organization = await byEnd(readLive(standing, organization.id), end);
    isRecent = false;
  } while (performance.now() < end);
  throw new TenantryError('busy', 'Others are changing the same; try again later', { retryAfterSeconds: 1 });
}

/** Writes to the collection in the place that was read. */
export function writeIn(
  { documents, keptBound, reach, now }: Tenancy,
  { place, quota, end }: Routed,
  write: Omit<Write, 'quota' | 'keepWithin' | 'now'>,
): Promise<WriteOutcome> {
  reach('document.routed');
  return documents.write(place, { ...write, quota, keepWithin: keptBound, now: now() }, end);
}

/** What `Attempt` is to give for an outcome that is not `done`, where it is the same for all commands. @throws {TenantryError} quota_exceeded, idempotency_keys_full */
export function again(
  outcome: WriteOutcome,
  { quota: bounds, isRecent }: Pick<Routed, 'quota' | 'isRecent'>,
): typeof moved | typeof otherEpoch {
  if (outcome.result === 'moved') return otherEpoch;
  if (outcome.result === 'unkept') throw keysFull();
  if (outcome.result !== 'full' || isRecent) return moved;
  const { quota, usage } = outcome;
  const detail = `The organization may not have more ${quota}: it has ${usage[quota]} of ${bounds[quota]}`;
  throw new TenantryError('quota_exceeded', detail);
}

/** Helps a raise that was begun to its end; waits where the organization's slots are still being made. */
async function settleEpoch(tenancy: Tenancy, organization: Organization): Promise<void> {
  if (organization.collections === undefined) await adoptOrganization(tenancy, organization.id);
  await tenancy.documents.raiseEpoch(placeOf(organization));
  await setTimeout(pauseMilliseconds);
}

/**
 * What the work gives or throws, where it came in time: after that a new organization may have the name of one that was
 * deleted, and its collection, so that it is looked whether it stands.
 *
 * @throws {TenantryError} organization_not_found
 */
export async function inDecision<T>(
  { records }: Tenancy,
  { organization, decidedAt = Number.NEGATIVE_INFINITY }: Pick<Target, 'organization' | 'decidedAt'>,
  work: Promise<T>,
): Promise<T> {
  try {
    return await work;
  } finally {
    if (performance.now() - decidedAt > slowMilliseconds) await readLive(asTheyStand(records), organization.id);
  }
}

async function readLive(reads: RecentRecords, id: string): Promise<Organization> {
  const organization = await reads.get(organizations, id, isLive);
  if (organization === undefined || !isLive(organization)) throw notFound();
  return organization;
}

/**
 * The place of a collection, for reading.
 *
 * @param reads by which the collection is found
 * @throws {TenantryError} collection_not_found, storage_unavailable
 */
export async function placeFor(reads: RecentRecords, { organization, collection }: Target): Promise<TenantPlace> {
  await demandCollection(reads, organization.id, collection);
  return placeOf(organization);
}

/** @returns what tells it from others of its name, before and after it */
async function demandCollection(reads: RecentRecords, organizationId: string, name: string): Promise<string> {
  if (name === defaultCollection) return name;
  const isActive = ({ status }: Collection) => status === 'active';
  const collection = await reads.find(collections, 'key', collectionKey(organizationId, name), isActive);
  if (collection === undefined || !isActive(collection)) throw collectionNotFound();
  return collection.id;
}

/** What is told of a collection that is not there, or not any more. */
export function collectionNotFound(): TenantryError {
  return new TenantryError('collection_not_found', 'Collection not found');
}
