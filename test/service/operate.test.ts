import assert from 'node:assert/strict';
import { mkdir, readdir, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { suite, test } from 'node:test';
import { call, create, read, remove, signIn } from './calls.ts';
import { dataDirectory, runCommand, startService } from './service.ts';

interface KeySet {
  readonly keys: readonly { readonly kid: string }[];
}

async function keyIds(url: string): Promise<string[]> {
  const { body } = await call(url, ['GET', '/.well-known/jwks.json']);
  return (body as KeySet).keys.map(({ kid }) => kid);
}

async function nothingToChange(url: string, token: string): Promise<number> {
  return (await call(url, ['PUT', '/org/update'], { body: { organization_name: 'acme' }, token })).status;
}

suite('the commands of the operator', { timeout: 120_000 }, () => {
  test('a key is replaced while the service runs: the new one signs, tokens of the old one stay good', async () => {
    await using directory = await dataDirectory();
    const service = await startService(directory.path);
    await create(service.url, 'acme');
    const before = await signIn(service.url, 'acme');
    const [old] = await keyIds(service.url);
    const { code, out } = await runCommand(['rotate-keys'], directory.path);
    assert.equal(code, 0);
    const { key } = JSON.parse(out);
    assert.notEqual(key, old);
    assert.deepEqual((await keyIds(service.url)).sort(), [key, old].sort());
    const after = await signIn(service.url, 'acme');
    const { kid } = JSON.parse(Buffer.from(after.split('.')[0] ?? '', 'base64url').toString());
    assert.equal(kid, key);
    assert.equal(await nothingToChange(service.url, before), 200);
    assert.equal(await nothingToChange(service.url, after), 200);
    await service.stop();
  });

  test('a key is replaced where no service runs', async () => {
    await using directory = await dataDirectory();
    const first = await startService(directory.path);
    await create(first.url, 'acme');
    const token = await signIn(first.url, 'acme');
    await first.stop();
    const { code, out } = await runCommand(['rotate-keys'], directory.path);
    assert.equal(code, 0);
    const second = await startService(directory.path);
    assert.equal((await keyIds(second.url)).length, 2);
    assert.ok((await keyIds(second.url)).includes(JSON.parse(out).key));
    assert.equal(await nothingToChange(second.url, token), 200);
    await second.stop();
  });

  test('a backup that is taken while the service writes can be started: all of it is of one instant', async () => {
    await using directory = await dataDirectory();
    await using target = await dataDirectory();
    const copy = join(target.path, 'copy');
    const service = await startService(directory.path);
    await create(service.url, 'acme');
    const token = await signIn(service.url, 'acme');
    const writing = new AbortController();
    const created = keepCreating(service.url, writing.signal);
    const { code, out, error } = await runCommand(['backup', copy], directory.path);
    writing.abort();
    assert.equal(code, 0, error);
    assert.ok(JSON.parse(out).files.includes('master.db'));
    assert.equal(JSON.parse(out).directory, copy);
    const acknowledged = await created;
    await remove(service.url, 'acme', token);
    await service.stop();
    assert.equal((await stat(copy)).mode & 0o777, 0o700);
    for (const file of await readdir(copy, { recursive: true, withFileTypes: true })) {
      if (file.isFile()) assert.equal((await stat(join(file.parentPath, file.name))).mode & 0o077, 0, file.name);
    }
    const restored = await startService(copy);
    assert.equal(await nothingToChange(restored.url, token), 200, 'the organization and the key are of the backup');
    const there = await Promise.all(acknowledged.map(async (name) => (await read(restored.url, name)).status === 200));
    const missing = there.indexOf(false);
    assert.ok(
      missing === -1 || !there.slice(missing).includes(true),
      'of what was created in turn, a first part is there',
    );
    await restored.stop();
  });

  test('a backup is taken where no service runs', async () => {
    await using directory = await dataDirectory();
    await using target = await dataDirectory();
    const service = await startService(directory.path);
    await create(service.url, 'acme');
    await service.stop();
    const copy = join(target.path, 'copy');
    assert.equal((await runCommand(['backup', copy], directory.path)).code, 0);
    const restored = await startService(copy);
    assert.equal((await read(restored.url, 'acme')).status, 200);
    await restored.stop();
  });

  test('a backup never goes into a directory that holds something, and says so', async () => {
    await using directory = await dataDirectory();
    await using target = await dataDirectory();
    await mkdir(join(target.path, 'copy'));
    await writeFile(join(target.path, 'copy', 'letter'), 'dear');
    const service = await startService(directory.path);
    const { code, error } = await runCommand(['backup', join(target.path, 'copy')], directory.path);
    assert.equal(code, 1);
    assert.match(error, /^[^\n]*not empty[^\n]*\n$/);
    assert.deepEqual(await readdir(join(target.path, 'copy')), ['letter']);
    await service.stop();
  });

  test('a command about data that is not there is refused, and makes none', async () => {
    await using directory = await dataDirectory();
    const missing = join(directory.path, 'mistyped');
    for (const args of [['rotate-keys'], ['backup', join(directory.path, 'copy')]]) {
      const { code, out, error } = await runCommand(args, missing);
      assert.deepEqual({ code, out }, { code: 78, out: '' }, args.join(' '));
      assert.ok(error.includes(missing) && /^[^\n]*\n$/.test(error), error);
    }
    assert.deepEqual(await readdir(directory.path), []);
  });

  test('a backup into the data directory itself is refused', async () => {
    await using directory = await dataDirectory();
    const service = await startService(directory.path);
    const { code, error } = await runCommand(['backup', join(directory.path, 'copy')], directory.path);
    assert.equal(code, 1);
    assert.match(error, /outside/);
    await service.stop();
  });

  test('the doctor finds the running service and shows no secret', async () => {
    await using directory = await dataDirectory();
    const secret = 'metrics-token-that-nobody-may-see-here';
    const service = await startService(directory.path);
    const settings = { METRICS_TOKEN: secret, PORT: new URL(service.url).port };
    const { code, out, error } = await runCommand(['doctor'], directory.path, settings);
    assert.equal(code, 0, out + error);
    assert.ok(out.includes(String(service.process.pid)) && out.includes(directory.path));
    assert.ok(out.includes(`${secret.length} characters`) && !out.includes(secret));
    await service.stop();
  });
});

/** Creates organizations one after the other until the signal; gives the names of those that were acknowledged. */
async function keepCreating(url: string, signal: AbortSignal): Promise<string[]> {
  const names: string[] = [];
  while (!signal.aborted) {
    const name = `organization ${names.length}`;
    assert.equal((await create(url, name)).status, 201);
    names.push(name);
  }
  return names;
}
