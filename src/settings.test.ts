import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { wrongIn } from '../test/wrong-settings.ts';
import type { Mode } from './settings/kinds.ts';
import { type SettingName, table } from './settings/table.ts';
import { readSettings, SettingsError } from './settings.ts';

function isRight(name: SettingName, text: string, mode: Mode = 'production'): boolean {
  return !(`TENANTRY_${name}` in wrongIn({ TENANTRY_ENV: mode, [`TENANTRY_${name}`]: text }));
}

test('with nothing set the defaults hold, each of a value that its own row reads', () => {
  const { settings, sources } = readSettings({});
  assert.deepEqual(settings, {
    HOST: '127.0.0.1',
    PORT: 8000,
    PUBLIC_URL: undefined,
    DATA_DIR: './data',
    DATABASE_URL: undefined,
    DATABASE_NAME: 'master_db',
    SECRET: undefined,
    ROLES: ['auth', 'organizations', 'documents', 'worker'],
    REDIS_URL: undefined,
    START_SECONDS: 30,
    ENV: 'production',
    BCRYPT_COST: 12,
    ACCESS_TOKEN_MINUTES: 30,
    LOG_LEVEL: 'info',
    TRUST_PROXY: false,
    CORS_ORIGINS: undefined,
    RATE_LIMIT: true,
    LIMIT_LOGIN_ACCOUNT: { most: 10, seconds: 60 },
    LIMIT_LOGIN_ADDRESS: { most: 600, seconds: 60 },
    LIMIT_CREATE_ADDRESS: { most: 1000, seconds: 3600 },
    LIMIT_ADDRESS: { most: 6000, seconds: 60 },
    LIMIT_ORGANIZATION: { most: 60_000, seconds: 60 },
    LIMIT_TOKEN: { most: 30_000, seconds: 60 },
    LIMIT_WRITE: { most: 30_000, seconds: 60 },
    LIMIT_TRANSFER: { most: 600, seconds: 60 },
    LIMIT_ACCOUNT_FAILURES: { most: 100, seconds: 60 },
    OPERATOR_TOKEN: undefined,
    METRICS_TOKEN: undefined,
    SHUTDOWN_SECONDS: 10,
    HASH_WAIT_SECONDS: 5,
    WRITER_THREADS: 1,
    REQUEST_TIMEOUT_SECONDS: 15,
    BODY_LIMIT_BYTES: 1048576,
    DEFAULT_LEVEL: ['collection'],
    CLUSTERS: undefined,
    CLUSTER_COLLECTIONS: undefined,
    CLUSTER_DATABASES: undefined,
    DOCUMENT_BYTES: 1048576,
    DOCUMENT_DEPTH: 16,
    BATCH_BYTES: 8388608,
    COLLECTIONS: 100,
    IDEMPOTENCY_KEYS: 100_000,
    IDEMPOTENCY_BYTES: 67_108_864,
    BROKER_URL: undefined,
    EVENTS_DAYS: 400,
    REQUESTS: 600,
    ORGANIZATION_REQUESTS: 32,
    FAIL_POINT: undefined,
  });
  assert.deepEqual(new Set(Object.values(sources)), new Set(['default']));
});

test('the environment wins over .env, .env over the default, and an empty string is not set', () => {
  const { settings, sources } = readSettings(
    { TENANTRY_HOST: '::1', TENANTRY_PORT: '', TENANTRY_LOG_LEVEL: '', OTHER: 'x' },
    'TENANTRY_HOST=10.0.0.1\nTENANTRY_PORT=9000\nOTHER=y\n',
  );
  assert.deepEqual([settings.HOST, sources.HOST], ['::1', 'environment']);
  assert.deepEqual([settings.PORT, sources.PORT], [9000, '.env']);
  assert.deepEqual([settings.LOG_LEVEL, sources.LOG_LEVEL], ['info', 'default']);
});

test('everything wrong is told at once, with what is there and what would be right', () => {
  const secret = 'too-short-a-secret';
  const environment = {
    TENANTRY_PORT: '8o00',
    TENANTRY_PROT: '8000',
    TENANTRY_METRICS_TOKEN: secret,
    TENANTRY_METRIC_TOKEN: secret,
    TENANTRY_PUBLIC_URL: `https://me:${secret}@example.com`,
  };
  const read = () => readSettings(environment, `TENANTRY_ENV=prod\n${secret}\n`);
  assert.throws(read, (error) => {
    assert.ok(error instanceof SettingsError);
    assert.equal(
      error.message,
      [
        '7 settings are wrong:',
        '  .env line 2 is not understood: must be NAME=value, or begin with # where it is a comment',
        '  TENANTRY_PROT is not a setting (environment): the nearest is TENANTRY_PORT',
        '  TENANTRY_METRIC_TOKEN is not a setting (environment): the nearest is TENANTRY_METRICS_TOKEN',
        '  TENANTRY_PORT is "8o00" (environment): must be a whole number from 0 to 65535',
        `  TENANTRY_PUBLIC_URL is "https://***@example.com" (environment): must be ${table.PUBLIC_URL.kind.accepts}`,
        '  TENANTRY_ENV is "prod" (.env): must be one of production, development, test',
        `  TENANTRY_METRICS_TOKEN has 18 characters (environment): must be ${table.METRICS_TOKEN.kind.accepts}`,
      ].join('\n'),
    );
    return true;
  });
});

test('a bound of a cluster that is not there is told, with those that are', () => {
  const CLUSTER_COLLECTIONS = { TENANTRY_CLUSTER_COLLECTIONS: '5,main=6,est=7' };
  assert.throws(() => readSettings({ ...CLUSTER_COLLECTIONS, TENANTRY_CLUSTERS: 'east=/var/lib/east' }), {
    message:
      'A setting is wrong:\n  TENANTRY_CLUSTER_COLLECTIONS names est: must be one of main, east, the clusters that there are (TENANTRY_CLUSTERS)',
  });
  assert.throws(() => readSettings(CLUSTER_COLLECTIONS), /names est: must be main/);
  assert.deepEqual(
    readSettings({ TENANTRY_CLUSTER_COLLECTIONS: '5,main=6' }).settings.CLUSTER_COLLECTIONS?.own,
    new Map([['main', 6]]),
  );
});

test('an unknown name is told from .env too, in any letters, and with its true origin where Kubernetes sets it', () => {
  assert.match(wrongIn({}, 'tenantry_data_dri=x\n')['tenantry_data_dri']?.right ?? '', /TENANTRY_DATA_DIR$/);
  assert.match(
    wrongIn({ TENANTRY_SERVICE_HOST: '10.0.0.1' })['TENANTRY_SERVICE_HOST']?.right ?? '',
    /enableServiceLinks/,
  );
});

test('a number is taken only in plain decimal digits and within its bounds', () => {
  for (const text of [
    '1e3',
    ' 8',
    '8 ',
    '0x10',
    '+8',
    '-1',
    '08',
    '8.0',
    '8_0',
    '٨',
    'NaN',
    '65536',
    '99999999999999999999',
  ]) {
    assert.equal(isRight('PORT', text), false, text);
  }
  fc.assert(
    fc.property(fc.integer({ min: -10, max: 70_000 }), (number) => {
      assert.equal(isRight('PORT', String(number)), number >= 0 && number <= 65_535);
    }),
  );
  fc.assert(
    fc.property(fc.string(), (text) => {
      assert.equal(isRight('PORT', text), text === '' || (/^(0|[1-9][0-9]*)$/.test(text) && Number(text) <= 65_535));
    }),
  );
});

test('what is unsafe is allowed in tests alone', () => {
  for (const mode of ['production', 'development'] as const) {
    assert.equal(isRight('BCRYPT_COST', '9', mode), false);
    assert.equal(isRight('BCRYPT_COST', '10', mode), true);
    assert.equal(isRight('FAIL_POINT', 'create.after-commit', mode), false);
  }
  assert.equal(isRight('BCRYPT_COST', '4', 'test'), true);
  assert.equal(isRight('BCRYPT_COST', '3', 'test'), false);
  assert.equal(isRight('BCRYPT_COST', '17', 'test'), false);
  assert.equal(isRight('FAIL_POINT', 'create.after-commit', 'test'), true);
  assert.equal(isRight('FAIL_POINT', '.create', 'test'), false);
  assert.deepEqual(Object.keys(wrongIn({ TENANTRY_ENV: 'tset', TENANTRY_BCRYPT_COST: '4' })), ['TENANTRY_ENV']);
});

test('a rate is a number and a time', () => {
  assert.deepEqual(readSettings({ TENANTRY_LIMIT_ADDRESS: '5/day' }).settings.LIMIT_ADDRESS, {
    most: 5,
    seconds: 86_400,
  });
  for (const text of ['10', '0/minute', '10/min', '10/minutes', '10 /minute', '1000000001/hour', '/hour', '1e3/hour']) {
    assert.equal(isRight('LIMIT_ADDRESS', text), false, text);
  }
});

test('a host is an address or a name', () => {
  for (const text of ['0.0.0.0', '::', 'fe80::1%eth0', 'localhost', 'api.example.com', '1a.example']) {
    assert.equal(isRight('HOST', text), true, text);
  }
  for (const text of [
    '[::1]',
    '127.0.0',
    '256.0.0.1',
    'a_b',
    'a..b',
    '-a',
    'http://a',
    'a:80',
    ' a',
    `${'a'.repeat(64)}.b`,
  ]) {
    assert.equal(isRight('HOST', text), false, text);
  }
});

test('an origin has a scheme, a host and perhaps a port, and nothing more', () => {
  const read = (text: string) => readSettings({ TENANTRY_PUBLIC_URL: text }).settings.PUBLIC_URL;
  assert.equal(read('HTTPS://API.example.com:443/'), 'https://api.example.com');
  assert.equal(read('http://[::1]:8000'), 'http://[::1]:8000');
  for (const text of [
    'api.example.com',
    'ftp://a',
    'https://a/b',
    'https://a//',
    'https://a?b',
    'https://a#b',
    'https://u@a',
    'https://',
    ' https://a',
    'https:\\\\a',
    'https://a:99999',
    'null',
  ]) {
    assert.equal(isRight('PUBLIC_URL', text), false, text);
  }
});

test('origins of pages are exact; a star is refused with the reason', () => {
  const { settings } = readSettings({ TENANTRY_CORS_ORIGINS: 'https://a.example, http://localhost:3000' });
  assert.deepEqual(settings.CORS_ORIGINS, ['https://a.example', 'http://localhost:3000']);
  for (const text of ['*', 'https://*.example.com']) {
    assert.match(wrongIn({ TENANTRY_CORS_ORIGINS: text })['TENANTRY_CORS_ORIGINS']?.right ?? '', /any site/);
  }
  for (const text of ['https://a.example,', 'https://a.example https://b.example', 'https://a.example/x']) {
    assert.equal(isRight('CORS_ORIGINS', text), false, text);
  }
});

test('only named proxies are trusted, never all or a number of them', () => {
  const { settings } = readSettings({ TENANTRY_TRUST_PROXY: '10.0.0.5, fd00::/8,loopback' });
  assert.deepEqual(settings.TRUST_PROXY, ['10.0.0.5', 'fd00::/8', 'loopback']);
  assert.equal(readSettings({ TENANTRY_TRUST_PROXY: 'off' }).settings.TRUST_PROXY, false);
  for (const text of ['on', 'true', '1']) {
    assert.match(wrongIn({ TENANTRY_TRUST_PROXY: text })['TENANTRY_TRUST_PROXY']?.right ?? '', /choose its address/);
  }
  for (const text of [
    '0.0.0.0/0',
    '::/0',
    '10.0.0.0/33',
    '10.0.0.0/',
    '10.0.0.0/8/8',
    '10.0.0.0/255.0.0.0',
    'proxy.example',
    ',',
  ]) {
    assert.equal(isRight('TRUST_PROXY', text), false, text);
  }
});

test('a metrics token is long and fits an Authorization header', () => {
  assert.equal(isRight('METRICS_TOKEN', 'a'.repeat(32)), true);
  for (const text of [
    'a'.repeat(31),
    'a'.repeat(513),
    `${'a'.repeat(32)} b`,
    `${'a'.repeat(32)}é`,
    `=${'a'.repeat(32)}`,
  ]) {
    assert.equal(isRight('METRICS_TOKEN', text), false, text);
  }
});

test('a data directory whose socket would have too long a path is refused', () => {
  assert.equal(isRight('DATA_DIR', `/${'d'.repeat(99 - '/control.sock'.length)}`), true);
  assert.equal(isRight('DATA_DIR', `/${'é'.repeat(50)}`), false);
  assert.match(
    wrongIn({ TENANTRY_DATA_DIR: `/${'d'.repeat(100)}` })['TENANTRY_DATA_DIR']?.right ?? '',
    /shorter by 14 bytes/,
  );
});

test('a directory deep below the working directory counts from there', () => {
  const nearby = 'd'.repeat(100 - '/control.sock'.length);
  assert.equal(isRight('DATA_DIR', nearby), true);
  assert.equal(isRight('DATA_DIR', `${process.cwd()}/${nearby}`), true);
  assert.equal(isRight('DATA_DIR', `${nearby}d`), false);
});

/** Each of the two is needed by the other. */
const database = { TENANTRY_DATABASE_URL: 'mongodb://db1', TENANTRY_SECRET: 'A'.repeat(43) };

test('no text of any setting is read as something else than a value or what would be right', () => {
  const names = fc.constantFrom(...Object.keys(table));
  fc.assert(
    fc.property(names, fc.string({ unit: 'binary' }), (name, text) => {
      const wrong = wrongIn({ ...database, [`TENANTRY_${name}`]: text });
      assert.ok(Object.keys(wrong).every((wrongName) => wrongName === `TENANTRY_${name}`));
    }),
  );
});
