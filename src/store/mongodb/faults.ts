import {
  MongoBulkWriteError,
  MongoError,
  MongoNetworkError,
  MongoServerError,
  MongoServerSelectionError,
} from 'mongodb';
import { TenantryError } from '../../errors.ts';
import { unavailable } from '../unavailable.ts';

/** Codes of the server that are told apart (https://github.com/mongodb/mongo, src/mongo/base/error_codes.yml). */
export const serverCodes = {
  unauthorized: 13,
  authenticationFailed: 18,
  namespaceNotFound: 26,
  indexNotFound: 27,
  cursorNotFound: 43,
  namespaceExists: 48,
  maxTimeExpired: 50,
  commandNotFound: 59,
  writeConcernTimeout: 64,
  writeConflict: 112,
  queryPlanKilled: 175,
  snapshotTooOld: 239,
  snapshotUnavailable: 246,
  noSuchTransaction: 251,
  /** What Atlas tells of wrong credentials. */
  atlasError: 8_000,
  duplicateKey: 11_000,
} as const;

/** Refusals that pass, given before anything was done: no primary here, and what others bring about, also who drops what is read. */
const refusingCodes = new Set<number | string | undefined>([
  ...[94, 134, 10_107, 13_435, 13_436],
  ...[serverCodes.writeConflict, serverCodes.snapshotTooOld, serverCodes.snapshotUnavailable],
  ...[serverCodes.noSuchTransaction, serverCodes.cursorNotFound, serverCodes.queryPlanKilled],
]);

/** Work that was begun and interrupted by an election, a shutdown, a lost host or a time limit: it may have been done. */
const interruptingCodes = new Set<number | string | undefined>([
  ...[6, 7, 89, 91, 189, 262, 9_001, 11_600, 11_602],
  ...[serverCodes.maxTimeExpired, serverCodes.writeConcernTimeout],
]);

/** A step was not answered before its time was over. */
export class UnansweredError extends Error {
  override readonly name = 'UnansweredError';

  constructor() {
    super('the database did not answer in time');
  }
}

/** No server is known that takes writes, so that nothing was sent. */
export class NoServerError extends Error {
  override readonly name = 'NoServerError';

  constructor() {
    super('no server is known that takes writes');
  }
}

/** A write matched nothing, though what it expects is there: it ran beside another (seen with DocumentDB). */
export class UnmatchedError extends Error {
  override readonly name = 'UnmatchedError';
}

/** Whether the same may succeed a moment later. */
export function isPassing(error: unknown): boolean {
  return (
    error instanceof UnmatchedError ||
    error instanceof NoServerError ||
    isOfSocket(error) ||
    error instanceof MongoNetworkError ||
    error instanceof MongoServerSelectionError ||
    isOfCheckout(error) ||
    (error instanceof MongoError &&
      (error.hasErrorLabel('TransientTransactionError') ||
        error.hasErrorLabel('RetryableWriteError') ||
        error.hasErrorLabel('UnknownTransactionCommitResult'))) ||
    (error instanceof MongoServerError && (refusingCodes.has(error.code) || interruptingCodes.has(error.code)))
  );
}

/**
 * Whether a write that ended with this error may have happened, or may happen yet: the answer was lost, or does not tell
 * that a majority has it.
 */
export function isUnanswered(error: unknown): boolean {
  if (error instanceof UnansweredError || isOfSocket(error)) return true;
  if (!(error instanceof MongoError)) return false;
  // Before the rest: where the driver itself repeated a commit, it tells of the repetition alone, by whatever error.
  if (error.hasErrorLabel('UnknownTransactionCommitResult')) return true;
  // What no connection could be had for was not sent.
  if (isOfCheckout(error) || error instanceof MongoServerSelectionError) return false;
  return (
    error instanceof MongoNetworkError ||
    error.name === 'MongoWriteConcernError' ||
    (error instanceof MongoServerError && interruptingCodes.has(error.code))
  );
}

/** No connection could be had: the pool was emptied, or none came free in time. */
function isOfCheckout(error: unknown): boolean {
  return error instanceof MongoError && ['MongoPoolClearedError', 'MongoWaitQueueTimeoutError'].includes(error.name);
}

const socketCodes: ReadonlySet<unknown> = new Set(['EPIPE', 'ECONNRESET', 'ECONNABORTED', 'ETIMEDOUT']);

/** While the driver waits to write more, what the socket tells comes as it is, and is no error of the driver's. */
function isOfSocket(error: unknown): boolean {
  return error instanceof Error && 'code' in error && socketCodes.has(error.code);
}

/** Whether the server refused with this code. */
export function hasCode(error: unknown, code: number): boolean {
  return error instanceof MongoServerError && error.code === code;
}

/** What kind of failure ended a bulk is told by the error that it has in it. */
export function causeOf(error: unknown): unknown {
  const cause: unknown = error instanceof MongoBulkWriteError ? error.errorResponse : undefined;
  return cause instanceof Error ? cause : error;
}

/**
 * What a caller is told of a commit that failed and was not done: that others were in its way until its time was over is
 * no fault of the database's, and nothing for the log.
 */
export function tellableUndone(error: unknown): unknown {
  const isContended = error instanceof UnmatchedError || hasCode(error, serverCodes.writeConflict);
  if (!isContended) return tellable(error);
  return new TenantryError('busy', 'Others are changing the same; try again later', { retryAfterSeconds: 1 });
}

/** What a caller is told of a failure: that of the database as `storage_unavailable`; a fault of the program as it is. */
export function tellable(error: unknown): unknown {
  if (error instanceof TenantryError) return error;
  const isOfTheDatabase = [MongoError, UnansweredError, UnmatchedError, NoServerError].some(
    (known) => error instanceof known,
  );
  return isOfTheDatabase || isOfSocket(error) ? unavailable(error) : error;
}
