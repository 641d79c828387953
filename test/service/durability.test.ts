import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { test } from 'node:test';
import { create } from './calls.ts';
import { dataDirectory, startService } from './service.ts';

const traced = 'trace=fsync,fdatasync,write,writev,pwrite64';
const missing = spawnSync('strace', ['-V']).error === undefined ? false : 'strace is not installed';

test('the commit is on disk before its 201 leaves', { skip: missing, timeout: 60_000 }, async () => {
  await using directory = await dataDirectory();
  const trace = join(directory.path, 'trace');
  const launcher = resolve(import.meta.dirname, '..', '..', 'bin', 'tenantry.js');
  const strace = ['strace', '-f', '-y', '-s', '24', '-e', traced, '-o', trace] as const;
  const service = await startService(directory.path, {}, [...strace, process.execPath, launcher, 'start']);
  const begun = (await readFile(trace, 'utf8')).length;
  assert.equal((await create(service.url, 'acme')).status, 201);
  const { process: id } = JSON.parse(await readFile(join(directory.path, 'lock.json'), 'utf8'));
  process.kill(id, 'SIGTERM');
  await service.ended;
  const lines = (await readFile(trace, 'utf8')).slice(begun).split('\n');
  const answered = lines.findIndex((line) => line.includes('HTTP/1.1 201'));
  assert.ok(answered > 0, 'the answer is in the trace');
  const before = lines.slice(0, answered);
  const written = before.findIndex((line) => /pwrite64\(\d+<[^>]*master\.db-wal>/.test(line));
  assert.ok(written >= 0, 'the commit was written to the WAL');
  const synced = before.slice(written).filter((line) => /f(data)?sync\(\d+<[^>]*master\.db-wal>/.test(line));
  assert.ok(synced.length > 0, 'the WAL was synced after it was written and before the answer');
  const thread = synced[0]?.split(' ')[0];
  const done = before
    .slice(written)
    .some((line) => line.startsWith(`${thread} `) && /f(data)?sync.*\) += 0$/.test(line));
  assert.ok(done, 'the sync had ended, well');
});
