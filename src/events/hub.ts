import { setImmediate } from 'node:timers/promises';
import { TenantryError } from '../errors.ts';
import type { Log } from '../log.ts';
import type { Change, Outcome, Records } from '../store/records.ts';
import { paceFor } from '../store/slices.ts';
import { entryId } from '../store/trail.ts';
import { type Batch, batchOf, bytesOf, isLast, pageSize } from './batch.ts';
import { type Event, events, trails } from './event.ts';

/** Readers that a process has at once; past it the next ones are refused. */
export const mostReaders = 1_000;

/** Between two reads of an organization's new events: what is committed meanwhile is in the next one. */
const restMilliseconds = 20;

/** How often it is looked for what other instances have committed. */
const lookMilliseconds = 500;

/** After a read that failed. */
const retryMilliseconds = 1_000;

/** Who reads the events of an organization as they come. */
export interface EventReader {
  /** Takes the next events, as `text/event-stream` has them. @returns whether it can take more at once */
  send(bytes: Buffer | string): boolean;
  /** Resolves when it can take more, or is gone. */
  whenReady(): Promise<void>;
  /** Ends it: its place is another's. */
  end(): void;
}

/** Hands the events of organizations to their readers: one for each process. */
export interface EventHub {
  /** Through which all commits of this process must go: it is told of what they append. */
  readonly records: Records;
  /**
   * Sends a reader each event beyond the one with this number, once and in order: those that are there, then those that come.
   *
   * @returns what ends it, once
   * @throws {TenantryError} busy: there are 1,000 readers, and no other organization has more of them
   */
  follow(organization: string, after: number, reader: EventReader): () => void;
  /** How many readers there are. */
  readonly readers: number;
  /** How many events this process has committed since its start. */
  readonly appended: number;
}

/** What a hub is made of. */
export interface EventHubParts {
  readonly records: Records;
  /** Whether other instances commit too. */
  readonly isShared: boolean;
  readonly log: Log;
  /** Resolves after so many milliseconds, or as soon as the signal is aborted. */
  wait(milliseconds: number, signal?: AbortSignal): Promise<void>;
}

/** A reader, and the number of the last event that it has. */
interface Follower {
  readonly reader: EventReader;
  position: number;
  isGone: boolean;
}

/** An organization that has readers. */
interface Channel {
  readonly organization: string;
  readonly followers: Set<Follower>;
  /** Those among them that have all up to `position` or more, and are handed what comes. */
  readonly live: Set<Follower>;
  position: number;
  /** Whether there may be more than was read. */
  isBehind: boolean;
  isReading: boolean;
  /** Where those that catch up wait for each other's reads. */
  line: Promise<void>;
  /** Aborted when it has no readers any more. */
  readonly ending: AbortController;
}

/** Makes the hub of a process. */
export function createEventHub({ records, isShared, log, wait }: EventHubParts): EventHub {
  const channels = new Map<string, Channel>();
  let readers = 0;
  let appended = 0;
  let looking: AbortController | undefined;

  async function readBatch({ organization }: Channel, after: number): Promise<Batch | undefined> {
    const page: Event[] = await records.list(events, 'organization_id', {
      prefix: organization,
      limit: pageSize,
      after: { key: organization, id: entryId(organization, after) },
    });
    return page.length === 0 ? undefined : batchOf(page);
  }

  /** Does the work until it comes to its end: a storage that cannot answer is asked again. */
  async function persist<T>(work: () => Promise<T>, signal: AbortSignal): Promise<T | undefined> {
    while (!signal.aborted) {
      try {
        return await work();
      } catch (error) {
        log.warn({ err: error }, 'events could not be read for those who follow them; trying again');
        await wait(retryMilliseconds, signal);
      }
    }
    return undefined;
  }

  /** One read of an organization at a time, however many catch up; others have their turn in between. */
  async function inLine<T>(channel: Channel, work: () => Promise<T>): Promise<T> {
    const before = channel.line;
    const own = Promise.withResolvers<void>();
    channel.line = own.promise;
    try {
      await before;
      await paceFor(channel.organization).next();
      return await work();
    } finally {
      own.resolve();
    }
  }

  async function catchUp(channel: Channel, follower: Follower): Promise<void> {
    const { reader } = follower;
    const { signal } = channel.ending;
    for (;;) {
      const read = async () => (follower.isGone ? undefined : await readBatch(channel, follower.position));
      const batch = await inLine(channel, () => persist(read, signal));
      if (follower.isGone) return;
      if (batch !== undefined) {
        follower.position = batch.last;
        if (!reader.send(batch.bytes)) await reader.whenReady();
        if (follower.isGone) return;
      }
      if (isLast(batch) && follower.position >= channel.position) return join(channel, follower);
    }
  }

  /** From here on it is handed what comes: it has all up to where the others are. */
  function join(channel: Channel, follower: Follower): void {
    if (channel.live.size === 0) channel.position = follower.position;
    channel.live.add(follower);
    // What was committed since its last read is found by the next one, which is for all.
    notice(channel);
  }

  function notice(channel: Channel): void {
    channel.isBehind = true;
    if (channel.isReading) return;
    channel.isReading = true;
    void handOn(channel);
  }

  async function handOn(channel: Channel): Promise<void> {
    const { signal } = channel.ending;
    // What is committed in this turn of the event loop is in one read.
    await setImmediate();
    while (channel.isBehind && !signal.aborted) {
      channel.isBehind = false;
      // Who catches up reads by itself, and looks once more when it has done so.
      if (channel.live.size === 0) break;
      const batch = await persist(() => readBatch(channel, channel.position), signal);
      if (batch !== undefined) {
        channel.position = Math.max(channel.position, batch.last);
        channel.isBehind ||= !isLast(batch);
        await handOut(channel, batch);
      }
      await wait(restMilliseconds, signal);
    }
    channel.isReading = false;
  }

  async function handOut({ organization, live }: Channel, batch: Batch): Promise<void> {
    const pace = paceFor(organization);
    for (const follower of live) {
      sendTo(follower, batch);
      if (pace.isOver()) await pace.next();
    }
  }

  /** For what other instances commit, which nobody tells: the ends of all trails that somebody reads. */
  async function look(signal: AbortSignal): Promise<void> {
    for (;;) {
      await wait(lookMilliseconds, signal);
      if (signal.aborted) return;
      const ends = await persist(() => records.getMany(trails, [...channels.keys()]), signal);
      for (const { id, sequence } of ends ?? []) {
        const channel = channels.get(id);
        if (channel !== undefined && sequence > channel.position) notice(channel);
      }
    }
  }

  /**
   * Takes the place of the last reader of the organization that has most, for one that has fewer: who takes all places has
   * them only until others come.
   */
  function makeRoomFor(organization: string): void {
    const own = channels.get(organization)?.followers.size ?? 0;
    const [fullest] = [...channels.values()].toSorted((one, other) => other.followers.size - one.followers.size);
    const last = [...(fullest?.followers ?? [])].at(-1);
    if (fullest === undefined || last === undefined || fullest.followers.size <= own + 1) throw tooManyReaders();
    leave(fullest, last);
    last.reader.end();
  }

  function leave(channel: Channel, follower: Follower): void {
    if (follower.isGone) return;
    readers -= 1;
    follower.isGone = true;
    channel.live.delete(follower);
    channel.followers.delete(follower);
    if (channel.followers.size > 0) return;
    channel.ending.abort();
    channels.delete(channel.organization);
    if (channels.size === 0) looking?.abort();
  }

  async function commit(changes: readonly Change[], end?: number): Promise<Outcome> {
    try {
      const outcome = await records.commit(changes, end);
      if (outcome.result === 'done') appended += changes.filter(({ op }) => op === 'append').length;
      return outcome;
    } finally {
      // Also where the answer was lost: it may have happened.
      for (const change of changes) {
        const channel = change.op === 'append' ? channels.get(change.entry.organization_id) : undefined;
        if (channel !== undefined) notice(channel);
      }
    }
  }

  return {
    records: { ...records, commit },
    get readers() {
      return readers;
    },
    get appended() {
      return appended;
    },
    follow(organization, after, reader) {
      if (readers >= mostReaders) makeRoomFor(organization);
      readers += 1;
      const channel = channels.get(organization) ?? newChannel(organization);
      if (channels.size === 0 && isShared) {
        looking = new AbortController();
        void look(looking.signal);
      }
      channels.set(organization, channel);
      const follower = { reader, position: after, isGone: false };
      channel.followers.add(follower);
      void catchUp(channel, follower);
      return () => leave(channel, follower);
    },
  };
}

function newChannel(organization: string): Channel {
  return {
    organization,
    followers: new Set(),
    live: new Set(),
    position: 0,
    isBehind: false,
    isReading: false,
    line: Promise.resolve(),
    ending: new AbortController(),
  };
}

/** Who is further than where the batch begins gets what is new to it. */
function sendTo(follower: Follower, { frames, bytes, last }: Batch): void {
  const { reader, position } = follower;
  if (position >= last) return;
  const [first] = frames;
  follower.position = last;
  const isWhole = first !== undefined && position < first.sequence;
  reader.send(isWhole ? bytes : bytesOf(frames.filter(({ sequence }) => sequence > position)));
}

function tooManyReaders(): TenantryError {
  return new TenantryError('busy', 'Too many are reading events as they come; try again later', {
    retryAfterSeconds: 5,
  });
}
