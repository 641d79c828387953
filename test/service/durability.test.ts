import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { test } from 'node:test';
import { call, create } from './calls.ts';
import { dataDirectory, type GivenSettings, type Service, startService } from './service.ts';

const traced = 'trace=fsync,fdatasync,write,writev,pwrite64';
const missing = spawnSync('strace', ['-V']).error === undefined ? false : 'strace is not installed';

/** The calls of the operating system that a service makes while it does something; it is ended by that. */
async function traceOf(
  directory: string,
  settings: GivenSettings,
  work: (service: Service) => Promise<() => Promise<void>>,
): Promise<string[]> {
  const trace = join(directory, 'trace');
  const launcher = resolve(import.meta.dirname, '..', '..', 'bin', 'tenantry.js');
  const strace = ['strace', '-f', '-y', '-s', '24', '-e', traced, '-o', trace] as const;
  const service = await startService(directory, settings, [...strace, process.execPath, launcher, 'start']);
  const measured = await work(service);
  const begun = (await readFile(trace, 'utf8')).length;
  await measured();
  const { process: id } = JSON.parse(await readFile(join(directory, 'lock.json'), 'utf8'));
  process.kill(id, 'SIGTERM');
  await service.ended;
  return (await readFile(trace, 'utf8')).slice(begun).split('\n');
}

/** Fails unless a WAL was written, and then synced to the end, before the answer that came first. */
function assertSynced(lines: readonly string[], wal: string): void {
  const answered = lines.findIndex((line) => line.includes('HTTP/1.1 201'));
  assert.ok(answered > 0, 'the answer is in the trace');
  const before = lines.slice(0, answered);
  const written = before.findIndex((line) => line.includes('pwrite64(') && line.includes(`${wal}>`));
  assert.ok(written >= 0, `${wal} was written`);
  const isSync = (line: string) => /f(data)?sync\(\d+</.test(line) && line.includes(`${wal}>`);
  const synced = before.slice(written).find(isSync);
  assert.ok(synced !== undefined, `${wal} was synced after it was written and before the answer`);
  const thread = synced.split(' ')[0];
  const done = before
    .slice(written)
    .some((line) => line.startsWith(`${thread} `) && /f(data)?sync.*\) += 0$/.test(line));
  assert.ok(done, 'the sync had ended, well');
}

test('the commit is on disk before its 201 leaves', { skip: missing, timeout: 60_000 }, async () => {
  await using directory = await dataDirectory();
  const lines = await traceOf(directory.path, {}, async ({ url }) => async () => {
    assert.equal((await create(url, 'acme')).status, 201);
  });
  assertSynced(lines, '/master.db-wal');
});

const token = 'operator '.repeat(4).trim().replaceAll(' ', '-');

for (const level of ['pooled', 'collection', 'database', 'cluster'] as const) {
  const title = `a document at level ${level} is on disk before its 201 leaves`;
  test(title, { skip: missing, timeout: 60_000 }, async () => {
    await using directory = await dataDirectory();
    await using east = await dataDirectory();
    const settings = { OPERATOR_TOKEN: token, CLUSTERS: `east=${east.path}` };
    let place = { cluster: '', database: '' };
    const lines = await traceOf(directory.path, settings, async ({ url }) => {
      const admin = { email: 'ada@example.com', password: 'the password of ada' };
      const body = { name: 'Acme', admin, placement: { level } };
      assert.equal((await call(url, ['POST', '/v1/organizations'], { body, token })).status, 201);
      place = (await call(url, ['GET', '/v1/organizations/Acme/placement'], { token })).body as typeof place;
      return async () => {
        const path = '/v1/organizations/Acme/collections/default/documents';
        assert.equal((await call(url, ['POST', path], { body: { title: 'A' }, token })).status, 201);
      };
    });
    assert.equal(place.cluster, level === 'cluster' ? 'east' : 'main');
    const parent = place.cluster === 'east' ? east.path : directory.path;
    assertSynced(lines, `${parent}/main/${place.database}.db-wal`);
  });
}
