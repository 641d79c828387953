import assert from 'node:assert/strict';
import { once } from 'node:events';
import { chmod, mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { type AddressInfo, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { suite, type TestContext, test } from 'node:test';
import { freePort } from '../test/free-port.ts';
import { missing } from '../test/mongodb/address.ts';
import { scratchDatabase } from '../test/mongodb/scratch.ts';
import { silent } from '../test/mongodb/store.ts';
import { controlSocketPath } from './control/path.ts';
import { listenControl } from './control/server.ts';
import { doctor } from './doctor.ts';
import { openEngine } from './engine.ts';
import { examineDatabase } from './examine.ts';
import { makeSecret } from './identity/secret.ts';
import { openSigningKeys } from './identity/signing-keys.ts';
import { wait } from './organizations/wait.ts';
import { table } from './settings/table.ts';
import { readSettings } from './settings.ts';

async function makeDirectory(context: TestContext): Promise<string> {
  const directory = await mkdtemp(join(tmpdir(), 'tenantry-doctor-'));
  context.after(() => rm(directory, { recursive: true, force: true }));
  return directory;
}

/** Takes a port of the loopback address until the test ends. */
async function takePort(context: TestContext): Promise<string> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  context.after(() => server.close());
  return String((server.address() as AddressInfo).port);
}

function examine(environment: Record<string, string>, dotenvText?: string) {
  return doctor(readSettings({ TENANTRY_PORT: '0', ...environment }, dotenvText), examineDatabase);
}

test('every setting in force is shown in columns, with where it came from', async (context) => {
  const directory = await makeDirectory(context);
  const { text } = await examine(
    { TENANTRY_DATA_DIR: directory, TENANTRY_RATE_LIMIT: 'off', TENANTRY_TRUST_PROXY: '10.0.0.1,10.0.0.2' },
    'TENANTRY_LIMIT_CREATE_ADDRESS=7/day\n',
  );
  const rows = text
    .slice(0, text.indexOf('\n\n'))
    .split('\n')
    .map((line) => line.split(/ {2,}/));
  assert.deepEqual(
    rows.map(([name]) => name),
    Object.keys(table).map((name) => `TENANTRY_${name}`),
  );
  const row = (name: string) => rows.find(([shown]) => shown === `TENANTRY_${name}`)?.slice(1);
  assert.deepEqual(row('DATA_DIR'), [directory, 'environment']);
  assert.deepEqual(row('LIMIT_CREATE_ADDRESS'), ['7/day', '.env']);
  assert.deepEqual(row('LIMIT_LOGIN_ACCOUNT'), ['10/minute', 'default']);
  assert.deepEqual(row('RATE_LIMIT'), ['off', 'environment']);
  assert.deepEqual(row('TRUST_PROXY'), ['10.0.0.1,10.0.0.2', 'environment']);
  assert.deepEqual(row('PUBLIC_URL'), ['not set', 'default']);
});

test('a secret is shown as its length alone', async (context) => {
  const secret = 'c0ffee'.repeat(8);
  const { text } = await examine({ TENANTRY_DATA_DIR: await makeDirectory(context), TENANTRY_METRICS_TOKEN: secret });
  assert.match(text, /TENANTRY_METRICS_TOKEN +48 characters +environment/);
  assert.doesNotMatch(text, /c0ffee/);
});

test('where traces are sent is told, and not by what secret', async (context) => {
  const { text, exitCode } = await examine({
    TENANTRY_DATA_DIR: await makeDirectory(context),
    OTEL_EXPORTER_OTLP_ENDPOINT: 'http://collector.example.com:4318',
    OTEL_EXPORTER_OTLP_HEADERS: 'authorization=S3cret',
  });
  assert.match(text, /ok +traces are sent to http:\/\/collector\.example\.com:4318\/v1\/traces/);
  assert.ok(!text.includes('S3cret'));
  assert.equal(exitCode, 0);
});

test('a sound installation is told to be well, and nothing is left behind', async (context) => {
  const directory = await makeDirectory(context);
  const { text, exitCode } = await examine({ TENANTRY_DATA_DIR: join(directory, 'new', 'data') });
  assert.match(text, /ok +data directory .*new\/data can be made/);
  assert.match(text, /ok +127\.0\.0\.1 takes a free port/);
  assert.match(text, /All is well\.$/);
  assert.equal(exitCode, 0);
  assert.deepEqual(await readdir(directory), []);
});

test('a data directory that is a file, or lies in one, is a fault', async (context) => {
  const file = join(await makeDirectory(context), 'file');
  await writeFile(file, '');
  for (const path of [file, join(file, 'data')]) {
    const { text, exitCode } = await examine({ TENANTRY_DATA_DIR: path });
    assert.match(text, /wrong +TENANTRY_DATA_DIR: .*file is not a directory/);
    assert.equal(exitCode, 1);
  }
});

test('a data directory that cannot be written is a fault', async () => {
  // Not even root can make a directory there.
  const { text, exitCode } = await examine({ TENANTRY_DATA_DIR: '/proc/tenantry' });
  assert.match(text, /wrong +TENANTRY_DATA_DIR: \/proc cannot be written/);
  assert.equal(exitCode, 1);
});

test('a data directory that others may enter is warned of', async (context) => {
  const directory = join(await makeDirectory(context), 'data');
  await mkdir(directory);
  await chmod(directory, 0o750);
  const { text, exitCode } = await examine({ TENANTRY_DATA_DIR: directory });
  assert.match(text, /warning +others may enter the data directory: chmod 700/);
  assert.match(text, /0 faults, 1 warning\.$/);
  assert.equal(exitCode, 0);
});

test('a port that another program has is a fault, one in use beside a running Tenantry is not', async (context) => {
  const directory = await makeDirectory(context);
  const environment = { TENANTRY_DATA_DIR: directory, TENANTRY_PORT: await takePort(context) };
  const alone = await examine(environment);
  assert.match(alone.text, /wrong +TENANTRY_PORT: another program listens on port \d+ of 127\.0\.0\.1/);
  assert.equal(alone.exitCode, 1);

  const quiet = () => undefined;
  const control = await listenControl({
    path: controlSocketPath(directory),
    commands: { status: async () => ({ process: 4711 }) },
    log: { info: quiet, warn: quiet, error: quiet, audit: quiet },
  });
  context.after(() => control.close());
  const beside = await examine(environment);
  assert.match(beside.text, /ok +Tenantry runs on this data directory, process 4711/);
  assert.match(beside.text, /ok +port \d+ of 127\.0\.0\.1 is in use/);
  assert.equal(beside.exitCode, 0);
});

test('an address that is not of this machine is a fault', async (context) => {
  // TEST-NET-1 of RFC 5737 is nobody's.
  const { text, exitCode } = await examine({
    TENANTRY_DATA_DIR: await makeDirectory(context),
    TENANTRY_HOST: '192.0.2.1',
  });
  assert.match(text, /wrong +TENANTRY_HOST: this machine cannot listen on 192\.0\.2\.1/);
  assert.equal(exitCode, 1);
});

test('settings that are right alone and not together are warned of', async (context) => {
  const TENANTRY_DATA_DIR = await makeDirectory(context);
  const warnings = async (environment: Record<string, string>) =>
    [...(await examine({ TENANTRY_DATA_DIR, ...environment })).text.matchAll(/^warning +(\w+)/gm)].map(
      ([, name]) => name,
    );

  assert.deepEqual(await warnings({ TENANTRY_HOST: '0.0.0.0' }), ['TENANTRY_PUBLIC_URL']);
  assert.deepEqual(await warnings({ TENANTRY_HOST: '0.0.0.0', TENANTRY_PUBLIC_URL: 'https://a.example' }), []);
  assert.deepEqual(await warnings({ TENANTRY_HOST: '0.0.0.0', TENANTRY_PUBLIC_URL: 'http://a.example' }), [
    'TENANTRY_PUBLIC_URL',
  ]);
  assert.deepEqual(await warnings({ TENANTRY_PUBLIC_URL: 'https://a.example' }), ['TENANTRY_TRUST_PROXY']);
  assert.deepEqual(await warnings({ TENANTRY_PUBLIC_URL: 'https://a.example', TENANTRY_TRUST_PROXY: 'loopback' }), []);
  assert.deepEqual(await warnings({ TENANTRY_PUBLIC_URL: 'http://[::1]:8000' }), []);
  assert.deepEqual(await warnings({ TENANTRY_RATE_LIMIT: 'off' }), ['TENANTRY_RATE_LIMIT']);
  assert.deepEqual(await warnings({ TENANTRY_RATE_LIMIT: 'off', TENANTRY_ENV: 'test' }), []);
});

/** Settings with which the data is in a MongoDB. */
type OnMongodb = Readonly<Record<'TENANTRY_DATABASE_URL' | 'TENANTRY_DATABASE_NAME' | 'TENANTRY_SECRET', string>>;

/** Makes what a first start makes in the database. */
async function startOnce(environment: OnMongodb): Promise<void> {
  const { settings } = readSettings(environment);
  const engine = await openEngine(settings, { log: silent, onCommit() {}, onStep() {}, mustExist: false });
  const { keyStore: store } = engine;
  await openSigningKeys({
    store,
    tokenMinutes: 30,
    now: Date.now,
    elapsed: () => performance.now(),
    wait,
    log: silent,
  });
  await engine.close();
}

suite('with a MongoDB', { skip: missing, timeout: 60_000 }, () => {
  test('a sound installation is told to be well, without a word about the data directory', async (context) => {
    await using scratch = scratchDatabase();
    const directory = await makeDirectory(context);
    const file = join(directory, 'file');
    await writeFile(file, '');
    const secret = makeSecret();
    const { text, exitCode } = await examine({
      TENANTRY_DATABASE_URL: scratch.url,
      TENANTRY_DATABASE_NAME: scratch.name,
      TENANTRY_SECRET: secret,
      TENANTRY_DATA_DIR: file,
    });
    assert.match(text, /^ok +mongodb:\/\/\S+ is MongoDB \S+, replica set \S+$/m);
    assert.match(text, /^ok +database \S+ holds no data of Tenantry yet: the start makes it$/m);
    assert.doesNotMatch(text, /directory|on the disk/);
    assert.match(text, /^TENANTRY_SECRET +43 characters +environment$/m);
    assert.ok(!text.includes(secret));
    assert.match(text, /All is well\.$/);
    assert.equal(exitCode, 0);
    assert.deepEqual(await scratch.database.listCollections().toArray(), []);
  });

  test('whether the secret is that of the signing keys is told', async () => {
    await using scratch = scratchDatabase();
    const environment = {
      TENANTRY_DATABASE_URL: scratch.url,
      TENANTRY_DATABASE_NAME: scratch.name,
      TENANTRY_SECRET: makeSecret(),
    };
    await startOnce(environment);
    const keys = () => scratch.database.collection('signing_keys').find().toArray();
    const before = await keys();
    const sound = await examine(environment);
    assert.match(sound.text, /^ok +the signing keys open with TENANTRY_SECRET$/m);
    assert.equal(sound.exitCode, 0);
    const other = await examine({ ...environment, TENANTRY_SECRET: makeSecret() });
    assert.match(other.text, /^wrong +TENANTRY_SECRET is not the secret of this database/m);
    assert.equal(other.exitCode, 1);
    assert.deepEqual(await keys(), before);
    await scratch.database.collection('signing_keys').deleteMany();
    assert.match((await examine(environment)).text, /^ok +there are no signing keys yet: the start makes them$/m);
    assert.deepEqual(await keys(), []);
  });

  test('a port in use is warned of: another instance may run here', async (context) => {
    await using scratch = scratchDatabase();
    const { text, exitCode } = await examine({
      TENANTRY_DATABASE_URL: scratch.url,
      TENANTRY_DATABASE_NAME: scratch.name,
      TENANTRY_SECRET: makeSecret(),
      TENANTRY_PORT: await takePort(context),
    });
    assert.match(
      text,
      /^warning +TENANTRY_PORT: port \d+ of 127\.0\.0\.1 is in use, by a running Tenantry or by another/m,
    );
    assert.equal(exitCode, 0);
  });
});

test('of the address of a MongoDB neither user nor password nor options are shown, and what is wrong there is', async () => {
  const { text, exitCode } = await doctor(
    readSettings({
      TENANTRY_PORT: '0',
      TENANTRY_DATABASE_URL:
        'mongodb://someone:hunter2@db1.example.com,db2.example.com/?tlsCertificateKeyFilePassword=key',
      TENANTRY_SECRET: makeSecret(),
    }),
    async () => [{ verdict: 'wrong', text: 'It is a standalone server:\n  make it a replica set' }],
  );
  assert.match(text, /^TENANTRY_DATABASE_URL +mongodb:\/\/\*\*\*@db1\.example\.com,db2\.example\.com +environment$/m);
  assert.doesNotMatch(text, /someone|hunter2|=key/);
  assert.match(text, /^wrong {4}It is a standalone server:\n {11}make it a replica set$/m);
  assert.match(text, /1 fault, 0 warnings\.$/);
  assert.equal(exitCode, 1);
});

test('a broker that does not answer is warned of, and no fault', async (context) => {
  const { text, exitCode } = await examine({
    TENANTRY_DATA_DIR: await makeDirectory(context),
    TENANTRY_BROKER_URL: `amqp://someone:hunter2@127.0.0.1:${await freePort()}`,
  });
  assert.match(
    text,
    /^warning {2}TENANTRY_BROKER_URL: amqp:\/\/\*\*\*@127\.0\.0\.1:\d+ cannot be used \(.*REFUSED.*\)/m,
  );
  assert.doesNotMatch(text, /someone|hunter2/);
  assert.match(text, /0 faults, 1 warning\.$/);
  assert.equal(exitCode, 0);
});

test('of the address of a broker neither user nor password are shown', async () => {
  const given = { TENANTRY_PORT: '0', TENANTRY_BROKER_URL: 'amqp://someone:hunter2@mq.example.com/production' };
  const { text } = await doctor(readSettings(given), async () => []);
  assert.match(text, /^TENANTRY_BROKER_URL +amqp:\/\/\*\*\*@mq\.example\.com\/production +environment$/m);
  assert.doesNotMatch(text, /someone|hunter2/);
});
