import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import type { Log } from '../../log.ts';
import { defineKind, type Kind, type Stored } from '../records.ts';
import { type EmbeddedOptions, type EmbeddedStore, openEmbedded } from './open.ts';

/** A record of the tests of this engine. */
export interface Note extends Stored {
  readonly title: string;
  readonly text: string;
}

export const notes: Kind<Note, { title: 'unique' }> = defineKind<Note>()('notes', { title: 'unique' });

/** A note of so many bytes and some. */
export function noteOf(id: string, bytes = 10): Note {
  return { id, version: 1, title: id, text: 'x'.repeat(bytes) };
}

/** A log that keeps what was told, a line each: message and fields. */
export function keepingLog(): Log & { readonly lines: string[] } {
  const lines: string[] = [];
  const keep = (fields: object, message: string) => void lines.push(`${message} ${JSON.stringify(fields)}`);
  return { lines, info: keep, warn: keep, error: keep };
}

/** A directory that is gone after the test. */
export async function scratchDirectory(context: TestContext): Promise<string> {
  const directory = await mkdtemp(join(tmpdir(), 'tenantry-sqlite-'));
  context.after(() => rm(directory, { recursive: true, force: true }));
  return directory;
}

/** Opens a store of notes, and closes it after the test. */
export async function openScratch(
  context: TestContext,
  directory: string,
  options: Partial<EmbeddedOptions> = {},
): Promise<EmbeddedStore> {
  const store = await openEmbedded({ directory, kinds: [notes], log: keepingLog(), ...options });
  context.after(() => store.close());
  return store;
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

/** Starts another process, as another user where `uid` is given; it is killed after the test. */
export function startProcess(context: TestContext, uid?: number): OtherProcess {
  const user = uid === undefined ? {} : { uid, gid: uid };
  const child = fork(new URL('./scratch-child.ts', import.meta.url), user);
  context.after(() => child.kill('SIGKILL'));
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
