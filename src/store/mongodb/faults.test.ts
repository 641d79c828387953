import assert from 'node:assert/strict';
import { test } from 'node:test';
import { MongoNetworkError, MongoServerError, MongoServerSelectionError, MongoWriteConcernError } from 'mongodb';
import type { TenantryError } from '../../errors.ts';
import { isPassing, isUnanswered, serverCodes, tellable, tellableUndone, UnmatchedError } from './faults.ts';

function server(code: number): MongoServerError {
  return new MongoServerError({ code, message: 'text from inside' });
}

const told = (error: unknown) => (tellable(error) as TenantryError).code;

test('a write to a socket that the server ended passes, may have arrived, and is a failure of the storage', () => {
  for (const code of ['EPIPE', 'ECONNRESET', 'ECONNABORTED', 'ETIMEDOUT']) {
    const error = Object.assign(new Error('This socket has been ended by the other party'), { code });
    assert.deepEqual([isPassing(error), isUnanswered(error), told(error)], [true, true, 'storage_unavailable']);
  }
});

test('what was refused before the work is not in doubt, and what was interrupted is', () => {
  const notPrimary = 10_107;
  const stepDown = 11_602;
  assert.deepEqual([isPassing(server(notPrimary)), isUnanswered(server(notPrimary))], [true, false]);
  assert.deepEqual([isPassing(server(stepDown)), isUnanswered(server(stepDown))], [true, true]);
  for (const code of [6, 7, 89, 91, 189, 262, 9_001, 11_600, serverCodes.maxTimeExpired]) {
    assert.deepEqual([isPassing(server(code)), isUnanswered(server(code))], [true, true], `code ${code}`);
  }
  for (const code of [serverCodes.writeConflict, serverCodes.noSuchTransaction, serverCodes.snapshotTooOld]) {
    assert.deepEqual([isPassing(server(code)), isUnanswered(server(code))], [true, false], `code ${code}`);
  }
  const noServer = new MongoServerSelectionError('none', {} as never);
  assert.deepEqual([isPassing(noServer), isUnanswered(noServer)], [true, false]);
  const lost = new MongoNetworkError('lost');
  assert.deepEqual([isPassing(lost), isUnanswered(lost)], [true, true]);
  const noConnection = new MongoNetworkError('none could be had');
  for (const name of ['MongoPoolClearedError', 'MongoWaitQueueTimeoutError']) {
    Object.defineProperty(noConnection, 'name', { value: name, configurable: true });
    assert.deepEqual([isPassing(noConnection), isUnanswered(noConnection)], [true, false], name);
  }
});

test('what was undone because of others is told as busy, with nothing for the log, and all else as it is', () => {
  for (const error of [server(serverCodes.writeConflict), new UnmatchedError('ran beside another')]) {
    const { code, retryAfterSeconds, cause } = tellableUndone(error) as TenantryError;
    assert.deepEqual([code, retryAfterSeconds, cause], ['busy', 1, undefined]);
  }
  const unauthorized = server(serverCodes.unauthorized);
  assert.equal((tellableUndone(unauthorized) as TenantryError).code, 'storage_unavailable');
});

test('a commit that the driver repeated is in doubt by whatever error the repetition ended', () => {
  for (const name of ['MongoPoolClearedError', 'MongoWaitQueueTimeoutError', 'MongoServerSelectionError']) {
    const error = new MongoNetworkError('of the repetition');
    Object.defineProperty(error, 'name', { value: name });
    error.addErrorLabel('UnknownTransactionCommitResult');
    assert.deepEqual([isPassing(error), isUnanswered(error)], [true, true], name);
  }
});

test('a majority that did not confirm in time leaves a write in doubt', () => {
  const error = new MongoWriteConcernError({ ok: 1, writeConcernError: { code: 64, errmsg: 'waiting timed out' } });
  assert.deepEqual([isPassing(error), isUnanswered(error)], [true, true]);
});

test('what does not pass is told at once as a failure of the storage, and a fault of the program as itself', () => {
  for (const code of [serverCodes.unauthorized, 14_031]) {
    assert.deepEqual([isPassing(server(code)), told(server(code))], [false, 'storage_unavailable']);
    assert.doesNotMatch(String(tellable(server(code))), /inside/);
  }
  const fault = new TypeError('a fault of ours');
  assert.equal(tellable(fault), fault);
});
