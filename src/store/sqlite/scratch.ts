import assert from 'node:assert/strict';
import { type ChildProcess, fork } from 'node:child_process';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import type { Log } from '../../log.ts';
import type { Level, Place, StoredDocument, TenantPlace } from '../documents.ts';
import { defineKind, insert, type Kind, type Stored } from '../records.ts';
import { type EmbeddedOptions, type EmbeddedStore, openEmbedded } from './open.ts';

/** A record of the tests of this engine. */
export interface Note extends Stored {
  readonly title: string;
  readonly text: string;
}

/** Their kind. */
export const notes: Kind<Note, { title: 'unique' }> = defineKind<Note>()('notes', { title: 'unique' });

/** A note of so many bytes and some. */
export function noteOf(id: string, bytes = 10): Note {
  return { id, version: 1, title: id, text: 'x'.repeat(bytes) };
}

/** A log that keeps what was told, a line each: message and fields. */
export function keepingLog(): Log & { readonly lines: string[] } {
  const lines: string[] = [];
  const keep = (fields: object, message: string) => void lines.push(`${message} ${JSON.stringify(fields)}`);
  return { lines, info: keep, warn: keep, error: keep, audit: keep };
}

const stacks = new WeakMap<TestContext, AsyncDisposableStack>();

/** Does something after the test: what was asked for last comes first, where the runner has it the other way round. */
export function afterwards(context: TestContext, work: () => unknown): void {
  let stack = stacks.get(context);
  if (stack === undefined) {
    stack = new AsyncDisposableStack();
    stacks.set(context, stack);
    context.after(stack.disposeAsync.bind(stack));
  }
  stack.defer(async () => void (await work()));
}

/** A directory that is gone after the test. */
export async function scratchDirectory(context: TestContext): Promise<string> {
  const directory = await mkdtemp(join(tmpdir(), 'tenantry-sqlite-'));
  afterwards(context, () => rm(directory, { recursive: true, force: true }));
  return directory;
}

/** Opens a store of notes, and closes it after the test. */
export async function openScratch(
  context: TestContext,
  directory: string,
  options: Partial<EmbeddedOptions> = {},
): Promise<EmbeddedStore> {
  const store = await openEmbedded({ directory, kinds: [notes], log: keepingLog(), ...options });
  afterwards(context, () => store.close());
  return store;
}

/** What a caller gets where the storage failed. */
export const unavailable = { name: 'TenantryError', code: 'storage_unavailable', retryAfterSeconds: 5 };

/** Commits a note, and demands that it is done. */
export async function commitNote(store: EmbeddedStore, id: string, bytes?: number): Promise<void> {
  assert.deepEqual(await store.records.commit([insert(notes, noteOf(id, bytes))]), { result: 'done' });
}

/** An id of an organization, the same for the same name. */
export function idOf(name: string): string {
  const digest = createHash('sha256').update(name).digest('hex');
  return `org_0${digest.slice(0, 25)}`;
}

/** The place of an organization whose table is called so. */
export function placeOf(place: Place, collection_name: string, level: Level = 'collection'): TenantPlace {
  return { ...place, level, organization: idOf(collection_name), collection_name, epoch: 1 };
}

/** Makes an organization where the engine wants it. */
export async function makeOrganization(
  { documents }: EmbeddedStore,
  name: string,
  level: Level = 'collection',
): Promise<TenantPlace> {
  const place = placeOf(await documents.assignPlace(level, idOf(name)), name, level);
  await documents.makeCollection(place);
  return place;
}

/** A document of so many bytes. */
export function documentOf(id: string, bytes = 10): StoredDocument {
  const time = '2026-11-27T08:00:00.000Z';
  return { id, version: 1, created_at: time, updated_at: time, members: `{"t":"${'x'.repeat(bytes - 8)}"}` };
}

/** Documents whose ids sort as their numbers. */
export function documentsOf(count: number, bytes?: number): StoredDocument[] {
  return Array.from({ length: count }, (_, number) => documentOf(`doc_${String(number).padStart(6, '0')}`, bytes));
}

/** Inserts documents, as many of them in a write as there may be, and demands that it is done. */
export async function insertDocuments(
  { documents }: EmbeddedStore,
  place: TenantPlace,
  inserted: readonly StoredDocument[],
): Promise<void> {
  for (let first = 0; first < inserted.length; first += 1_000) {
    const changes = inserted.slice(first, first + 1_000).map((document) => ({ op: 'insert', document }) as const);
    const write = { collection: 'default', changes, quota: {} };
    assert.deepEqual(await documents.write(place, write, performance.now() + 30_000), { result: 'done' });
  }
}

/** The ids of the first documents of a collection, a thousand at most. */
export async function idsIn({ documents }: EmbeddedStore, place: TenantPlace): Promise<string[]> {
  const range = { direction: 'ascending', limit: 1_000, bytes: Infinity } as const;
  return (await documents.list(place, 'default', range)).documents.map(({ id }) => id);
}

/** What a process of `scratch-child.ts` is asked: a method of the store by name, and its arguments. */
export interface Order {
  readonly call: 'open' | 'insert' | 'make' | 'backup';
  readonly value: string;
}

/** What it answers. */
export type Told = { readonly done: unknown } | { readonly failed: string; readonly message: string };

/** Another process that opens a store and does as it is told, one order after the other. */
export interface OtherProcess {
  readonly child: ChildProcess;
  order(order: Order): Promise<Told>;
}

/** How another process is started: as another user, or by a command before that of node. */
export interface ProcessOptions {
  readonly uid?: number;
  readonly under?: readonly string[];
}

/** Starts another process; it is killed after the test. */
export function startProcess(context: TestContext, { uid, under = [] }: ProcessOptions = {}): OtherProcess {
  const [execPath = process.execPath, ...execArgv] = [...under, process.execPath];
  const user = uid === undefined ? {} : { uid, gid: uid };
  const child = fork(new URL('./scratch-child.ts', import.meta.url), { execPath, execArgv, ...user });
  afterwards(context, () => child.kill('SIGKILL'));
  return {
    child,
    async order(order) {
      const told = once(child, 'message');
      child.send(order);
      const [answer] = await told;
      return answer as Told;
    },
  };
}

/** Kills a process as a power cut would, and waits until it is gone. */
export async function killProcess({ child }: OtherProcess): Promise<void> {
  const gone = once(child, 'exit');
  child.kill('SIGKILL');
  await gone;
}
