import assert from 'node:assert/strict';
import { test } from 'node:test';
import { MongoServerError } from 'mongodb';
import { refusalOf, refuseServer, unansweredStart } from './refusals.ts';

const url = 'mongodb://me:word@one:27017/';

test('a member of a replica set and a router are taken, a standalone server and an old one are not', () => {
  refuseServer({ setName: 'rs0', maxWireVersion: 13 }, url);
  refuseServer({ msg: 'isdbgrid', maxWireVersion: 21 }, url);
  assert.throws(() => refuseServer({ maxWireVersion: 21 }, url), {
    exitCode: 78,
    message: /standalone.*\n.*--replSet rs0/,
  });
  assert.throws(() => refuseServer({ setName: 'rs0', maxWireVersion: 12 }, url), { exitCode: 78, message: /too old/ });
});

test('a replica set that is not initiated yet is waited for, and told in the end', () => {
  let thrown: unknown;
  try {
    refuseServer({ isreplicaset: true, maxWireVersion: 21 }, url);
  } catch (error) {
    thrown = error;
  }
  assert.ok(thrown instanceof Error);
  assert.equal(refusalOf(thrown, url), undefined);
  assert.match(
    unansweredStart(thrown, url, 30).message,
    /one:27017 did not answer within 30 seconds .*rs\.initiate\(\)/,
  );
});

test('wrong credentials end the start, however the server tells of them, and are not shown', () => {
  for (const code of [18, 8_000]) {
    const refusal = refusalOf(new MongoServerError({ code, message: 'bad auth for me:word' }), url);
    assert.match(refusal?.message ?? '', /refuses the user or the password/);
    assert.doesNotMatch(refusal?.message ?? '', /word@|me:/);
  }
});
