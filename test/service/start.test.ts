import assert from 'node:assert/strict';
import { once } from 'node:events';
import { writeFile } from 'node:fs/promises';
import { type AddressInfo, createServer } from 'node:net';
import { join } from 'node:path';
import { suite, test } from 'node:test';
import { create, read, signIn } from './calls.ts';
import { openServiceGround, serviceEngines } from './ground.ts';
import { dataDirectory, launcher, runCommand, startService } from './service.ts';

/** A module that tells at the end of the process whether the driver of MongoDB or the library of a broker, which are CommonJS, was loaded. */
const tellsDriver = `data:text/javascript,${encodeURIComponent(`
  import { createRequire } from 'node:module';
  const { cache } = createRequire('/');
  const isDriver = (path) => path.includes('/node_modules/mongodb/');
  process.on('exit', () => console.error('driver loaded: ' + Object.keys(cache).some(isDriver)));
  const isBroker = (path) => /\\/node_modules\\/(amqplib|@nats-io)\\//.test(path);
  process.on('exit', () => console.error("broker's library loaded: " + Object.keys(cache).some(isBroker)));
`)}`;

suite('the start of the service', { timeout: 120_000 }, () => {
  test('says in a few aligned lines what answers where', async () => {
    await using directory = await dataDirectory();
    const service = await startService(directory.path);
    const { code, error } = await service.stop();
    assert.equal(code, 0);
    assert.match(
      error,
      /^Tenantry \d+\.\d+\.\d+ \(test\)\n {2}API {7}http:\S+\n {2}Docs {6}http:\S+\/docs\n {2}Data {6}\S+\n {2}Engine {4}embedded \(SQLite [\d.]+\)\n {2}Ready in {2}\d+ ms\n$/,
    );
    assert.ok(error.includes(`Data      ${directory.path}\n`));
  });

  test('a second start finds what the first one left', async () => {
    await using directory = await dataDirectory();
    const first = await startService(directory.path);
    await create(first.url, 'acme');
    const token = await signIn(first.url, 'acme');
    await first.stop();
    const second = await startService(directory.path);
    assert.equal((await read(second.url, 'acme')).status, 200);
    const changed = await fetch(`${second.url}/org/update`, {
      method: 'PUT',
      headers: { authorization: `bearer ${token}`, 'content-type': 'application/json' },
      body: JSON.stringify({ organization_name: 'acme' }),
    });
    assert.equal(changed.status, 200, 'a token outlives a restart');
    await second.stop();
  });

  test('a port that is taken is told in one line that names it and the setting, with 1', async () => {
    await using directory = await dataDirectory();
    const other = createServer().listen(0, '127.0.0.1');
    await once(other, 'listening');
    const { port } = other.address() as AddressInfo;
    const { code, out, error } = await runCommand(['start'], directory.path, { PORT: String(port) });
    other.close();
    assert.deepEqual({ code, out }, { code: 1, out: '' });
    assert.match(error, new RegExp(`^[^\n]*${port}[^\n]*TENANTRY_PORT[^\n]*\n$`));
  });

  test('a data directory that another process holds is told before a port that is taken, with 78', async () => {
    await using directory = await dataDirectory();
    const first = await startService(directory.path);
    const { code, error } = await runCommand(['start'], directory.path, { PORT: new URL(first.url).port });
    assert.equal(code, 78);
    assert.match(error, /^[^\n]*\n$/);
    assert.ok(error.includes(directory.path) && error.includes(String(first.process.pid)), error);
    assert.equal((await read(first.url, 'nobody')).status, 404, 'the first goes on');
    await first.stop();
  });

  for (const engine of serviceEngines) {
    const loads = engine.name === 'mongodb';
    test(`on ${engine.name} ${loads ? 'loads' : 'does not load'} the driver of MongoDB`, {
      skip: engine.skip,
    }, async () => {
      await using ground = await openServiceGround(engine);
      const command = [process.execPath, '--import', tellsDriver, launcher] as const;
      const service = await startService(ground.directory, ground.settings, command);
      const { error } = await service.stop();
      assert.ok(error.includes(`driver loaded: ${loads}`), error);
    });
  }

  test('the library of a broker is loaded where one is named, and a name of another is refused with 78', async () => {
    await using directory = await dataDirectory();
    const command = [process.execPath, '--import', tellsDriver, launcher] as const;
    for (const [settings, loads] of [
      [{}, false],
      [{ BROKER_URL: 'amqp://127.0.0.1:1' }, true],
      [{ BROKER_URL: 'nats://127.0.0.1:1' }, true],
    ] as const) {
      const service = await startService(directory.path, settings, command);
      const { code, error } = await service.stop();
      assert.equal(code, 0);
      assert.ok(error.includes(`broker's library loaded: ${loads}`), error);
    }
    const { code, error } = await runCommand(['start'], directory.path, { BROKER_URL: 'kafka://me:hidden@mq' });
    assert.equal(code, 78);
    assert.match(error, /TENANTRY_BROKER_URL/);
    assert.doesNotMatch(error, /hidden/);
  });

  test('wrong settings are told all at once, with 78 and no stack', async () => {
    await using directory = await dataDirectory();
    const settings = { PORT: 'eighty', BCRYPT_COST: '99', POTR: '1', METRICS_TOKEN: 'short-secret' };
    const { code, out, error } = await runCommand(['start'], directory.path, settings);
    assert.deepEqual({ code, out }, { code: 78, out: '' });
    for (const name of Object.keys(settings)) assert.ok(error.includes(`TENANTRY_${name}`), name);
    assert.ok(!error.includes('short-secret'));
    assert.doesNotMatch(error, /^\s+at /m);
  });

  test('a fail-point that does not exist is refused with those that do', async () => {
    await using directory = await dataDirectory();
    const { code, error } = await runCommand(['start'], directory.path, { FAIL_POINT: 'create.nowhere' });
    assert.equal(code, 78);
    assert.match(error, /create\.committed/);
  });

  test('a damaged key file is named, and never replaced', async () => {
    await using directory = await dataDirectory();
    await (await startService(directory.path)).stop();
    const path = join(directory.path, 'signing-keys.json');
    await writeFile(path, '{"keys": [');
    const { code, error } = await runCommand(['start'], directory.path);
    assert.equal(code, 1);
    assert.ok(error.includes(path) && /^[^\n]*\n$/.test(error), error);
  });
});
