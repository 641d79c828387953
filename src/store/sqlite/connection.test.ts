import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';
import { connect } from './connection.ts';
import { createFile } from './disk.ts';
import { afterwards, scratchDirectory } from './scratch.ts';

test('of many statements a connection keeps those that were used last, and makes the others again', async (context) => {
  const path = join(await scratchDirectory(context), 'a.db');
  createFile(path);
  const connection = connect(path, 'write', { cacheKibibytes: 512, mostStatements: 2 });
  afterwards(context, () => connection.close());
  const [one, two] = [connection.prepare('SELECT 1 AS n'), connection.prepare('SELECT 2 AS n')];
  assert.equal(connection.prepare('SELECT 1 AS n'), one);
  connection.prepare('SELECT 3 AS n');
  assert.equal(connection.prepare('SELECT 1 AS n'), one);
  assert.notEqual(connection.prepare('SELECT 2 AS n'), two);
  assert.equal(connection.prepare('SELECT 2 AS n').get()?.['n'], 2);
});
