import type { Limit, Limits } from '../cache/limits.ts';
import type { EventHub } from '../events/hub.ts';
import type { Passwords } from '../identity/passwords.ts';
import type { Tokens } from '../identity/tokens.ts';
import type { Log } from '../log.ts';
import type { Places } from '../placement/places.ts';
import type { KeptBound, PlacedDocuments } from '../store/documents.ts';
import type { Queues } from '../store/queues.ts';
import type { RecentRecords } from '../store/recent-records.ts';
import type { Records } from '../store/records.ts';
import type { FailPoint } from './fail-points.ts';
import type { SignInEvents } from './sign-in-events.ts';

/** What the operations on organizations work with. */
export interface Tenancy {
  /** Those of the hub, which is told of what they append. */
  readonly records: Records;
  /** Hands events to those who follow them. */
  readonly eventHub: EventHub;
  /** For calls that may go by what stood some seconds ago. */
  readonly recent: RecentRecords;
  readonly documents: PlacedDocuments;
  /** Where new organizations go. */
  readonly places: Places;
  readonly documentLimits: DocumentLimits;
  /** Answers that are kept for an organization's calls that may be made again. */
  readonly keptBound: KeptBound;
  readonly passwords: Passwords;
  readonly tokens: Tokens;
  readonly limits: Limits;
  readonly signInLimits: SignInLimits;
  /** Where log-ins are told to. */
  readonly signInEvents: Pick<SignInEvents, 'signedIn' | 'failed'>;
  /** How long the events of a deleted organization are kept. */
  readonly eventsDays: number;
  /** By organization, and by `name ` with the key of one that is to be: where commands wait that were in each other's way. */
  readonly queueOf: Queues;
  readonly log: Log;
  /** Names this process among those on the same database. */
  readonly instance: string;
  now(): Date;
  /** Resolves after so many milliseconds, or as soon as the signal is aborted. */
  wait(milliseconds: number, signal?: AbortSignal): Promise<void>;
  /** Holds a log-in back: `createSignInDelay`, one for each process. */
  delaySignIn(): Promise<void>;
  /** Called at each fail-point; does nothing but in a test. */
  reach(point: FailPoint): void;
}

/** Bounds of what an organization may store, for all of them alike. */
export interface DocumentLimits {
  /** UTF-8 bytes of a document as compact JSON, without the members that the service adds. */
  readonly bytes: number;
  /** Arrays and objects within each other, the document counted. */
  readonly depth: number;
  /** Collections of an organization, `default` among them, where its quotas say nothing else. */
  readonly collections: number;
}

/** How often somebody may try to log in. */
export interface SignInLimits {
  /** Log-ins to one account from one address; past it they are refused. */
  readonly account: Limit;
  /** Failed log-ins to one account from anywhere; past it the next ones are delayed and none is refused. */
  readonly failures: Limit;
}
