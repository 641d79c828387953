import type { Broker } from '../../src/broker/broker.ts';
import { events, recording, trails } from '../../src/events/event.ts';
import { byService } from '../../src/events/origin.ts';
import { relayPositions } from '../../src/events/relay-position.ts';
import type { Log } from '../../src/log.ts';
import { newOrganizationId } from '../../src/organizations/organization.ts';
import { wait } from '../../src/organizations/wait.ts';
import { relay } from '../../src/relay/relay.ts';
import type { Kind, Records } from '../../src/store/records.ts';
import type { Trail } from '../../src/store/trail.ts';

/** What the relay works on. */
export const relayKinds: readonly Kind[] = [events as unknown as Kind, trails, relayPositions];

/** Ids of organizations that nobody else has. */
export function newOrganizations(count: number): string[] {
  return Array.from({ length: count }, newOrganizationId);
}

/** Writes events of an organization, each in a commit of its own. */
export async function writeEvents(records: Records, organization: string, count: number): Promise<void> {
  for (let number = 0; number < count; number += 1) {
    const happening = { type: 'user.signed_in', data: { number } } as const;
    await records.commit([recording(byService, organization, happening, new Date())]);
  }
}

/** The trails with events that wait. */
export function waiting(records: Records): Promise<Trail[]> {
  return records.list(trails, 'pending_since', { limit: 1_000 });
}

/** A relay that runs, until the end of its scope at the latest. */
export interface RunningRelay extends AsyncDisposable {
  /** Ends it, and waits for its end. */
  end(): Promise<void>;
  /** Messages of the log. */
  readonly logged: readonly string[];
  readonly published: number;
  readonly failures: number;
  /** Of each time that it was told: how many organizations wait. */
  readonly pending: readonly number[];
  /** As it was told last. */
  readonly waitingSince: string | undefined;
}

/** Starts one. @param waiting how it waits; with a real clock where it is left out */
export function startRelay(records: Records, broker: Broker, waiting: typeof wait = wait): RunningRelay {
  const ending = new AbortController();
  const logged: string[] = [];
  const add = (_: object, message: string) => void logged.push(message);
  const log: Log = { info: add, warn: add, error: add, audit: add };
  const pending: number[] = [];
  let waitingSince: string | undefined;
  let [published, failures] = [0, 0];
  const watch = {
    onPublished() {
      published += 1;
    },
    onFailure() {
      failures += 1;
    },
    onPending(organizations: number, since: string | undefined) {
      pending.push(organizations);
      waitingSince = since;
    },
  };
  const now = () => new Date();
  const parts = {
    broker,
    source: 'urn:test',
    isShared: true,
    log,
    tracer: undefined,
    watch,
    now,
    wait: waiting,
    random: () => 0.5,
    reach() {},
  };
  const running = relay(parts, { records, signal: ending.signal });
  const end = async () => {
    ending.abort();
    await running;
  };
  return {
    logged,
    pending,
    get published() {
      return published;
    },
    get waitingSince() {
      return waitingSince;
    },
    get failures() {
      return failures;
    },
    end,
    [Symbol.asyncDispose]: end,
  };
}
