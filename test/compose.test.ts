import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { promisify } from 'node:util';
import { runInNewContext } from 'node:vm';
import { parse } from 'yaml';
import { makeSecret } from '../src/identity/secret.ts';
import { collectorVariables } from '../src/settings/collector.ts';
import { table } from '../src/settings/table.ts';
import { composeProgram } from './compose-program.ts';
import { lastOf, readStages, variablesOf } from './image/dockerfile.ts';

const run = promisify(execFile);
const deploy = join(import.meta.dirname, '..', 'deploy');
const embedded = await readFile(join(deploy, 'compose.yaml'), 'utf8');
const mongodb = await readFile(join(deploy, 'compose.mongodb.yaml'), 'utf8');
const nginx = await readFile(join(deploy, 'nginx.conf'), 'utf8');
const [, image = []] = readStages(await readFile(join(deploy, 'Dockerfile'), 'utf8'));
const program = await composeProgram();

/** All matches of the first group. */
function allOf(text: string, pattern: RegExp): string[] {
  return [...text.matchAll(pattern)].map(([, found = '']) => found);
}

/** The part of a compose file that describes a service. */
function serviceOf(text: string, name: string): string {
  const [, body = ''] = new RegExp(`^ {2}${name}:\\n((?: {4}.*\\n|\\n)+)`, 'm').exec(text) ?? [];
  assert.notEqual(body, '', `there is a service ${name}`);
  return body;
}

test('compose on the embedded store hands on every setting but those that the image fixes', () => {
  const fixed = [...Object.keys(variablesOf(image)), 'TENANTRY_FAIL_POINT'];
  const expected = Object.keys(table)
    .map((name) => `TENANTRY_${name}`)
    .filter((name) => !fixed.includes(name));
  assert.deepEqual(allOf(embedded, /^ +- (TENANTRY_\w+)$/gm).sort(), expected.sort());
});

test('compose on MongoDB gives or hands on every setting but those of the image and of the embedded store', () => {
  const fixed = [...Object.keys(variablesOf(image)), 'TENANTRY_WRITER_THREADS', 'TENANTRY_FAIL_POINT'];
  const expected = Object.keys(table)
    .map((name) => `TENANTRY_${name}`)
    .filter((name) => !fixed.includes(name));
  assert.deepEqual(allOf(mongodb, /^ +- (TENANTRY_\w+)(?:=.*)?$/gm).sort(), expected.sort());
});

test('compose hands on the variables of OpenTelemetry that are read', () => {
  for (const file of [embedded, mongodb]) {
    assert.deepEqual(allOf(file, /^ +- (OTEL_\w+)$/gm).sort(), Object.keys(collectorVariables).sort());
  }
});

test('compose on MongoDB is whole, and asks for the secret that it lacks', {
  skip: program === undefined && 'docker compose is not installed',
}, async () => {
  const [name = '', ...args] = program ?? [];
  const check = (secret: string | undefined) =>
    run(name, [...args, '--file', join(deploy, 'compose.mongodb.yaml'), 'config', '--quiet'], {
      env: { PATH: process.env['PATH'], ...(secret !== undefined && { TENANTRY_SECRET: secret }) },
    });
  await check(makeSecret());
  await assert.rejects(check(undefined), /make one with npm run --silent tenantry -- secret, and keep it/);
});

/** The seconds of a duration, such as `1m30s`. */
function secondsOf(duration: string): number {
  const [, minutes = '0', seconds = '0'] = /^(?:(\d+)m)?(?:(\d+)s)?$/.exec(duration) ?? assert.fail(duration);
  return 60 * Number(minutes) + Number(seconds);
}

test('compose waits for an instance to end by itself, however long it may take by its settings', {
  skip: program === undefined && 'docker compose is not installed',
}, async () => {
  const [name = '', ...args] = program ?? [];
  for (const [file, instance] of [
    ['compose.yaml', 'tenantry'],
    ['compose.mongodb.yaml', 'tenantry-1'],
  ] as const) {
    for (const given of [{}, { TENANTRY_SHUTDOWN_SECONDS: '25' }]) {
      const { stdout } = await run(name, [...args, '--file', join(deploy, file), 'config'], {
        env: { PATH: process.env['PATH'], TENANTRY_SECRET: makeSecret(), ...given },
      });
      const { services } = parse(stdout) as { services: Record<string, { stop_grace_period: string }> };
      const taken = Number(given.TENANTRY_SHUTDOWN_SECONDS ?? table.SHUTDOWN_SECONDS.initial);
      assert.equal(secondsOf(services[instance]?.stop_grace_period ?? ''), taken + 60, file);
    }
  }
});

test('nginx leads to the instances of compose, which trust it alone', () => {
  const address = (name: string) => /ipv4_address: (\S+)/.exec(serviceOf(mongodb, name))?.[1];
  const port = lastOf(image, 'EXPOSE');
  assert.deepEqual(
    allOf(nginx, /^ +server (\S+) /gm),
    ['tenantry-1', 'tenantry-2'].map((name) => `${address(name)}:${port}`),
  );
  assert.deepEqual(allOf(mongodb, /- TENANTRY_TRUST_PROXY=(\S+)/g), [address('nginx')]);
});

test('of compose on MongoDB one port is published, to this machine alone', () => {
  assert.deepEqual(allOf(mongodb, /^ {4}ports:\n((?: {6}- .*\n)+)/gm), ['      - 127.0.0.1:8000:8000\n']);
  assert.match(mongodb, /^ {2}database:\n {4}internal: true$/m);
});

/** Runs the script for mongosh beside a server that has stood with these members before, or none, and gives them. */
async function membersAfter(standing: readonly string[] | undefined): Promise<readonly string[]> {
  let members = standing;
  let isElected = standing !== undefined;
  const rs = {
    status() {
      if (members === undefined) throw Object.assign(new Error('no config'), { codeName: 'NotYetInitialized' });
      return { ok: 1 };
    },
    initiate({ _id, members: given }: { _id: string; members: { _id: number; host: string }[] }) {
      assert.equal(members, undefined, 'a set is made once');
      assert.equal(_id, /replicaSet=(\w+)/.exec(mongodb)?.[1]);
      assert.equal(new Set(given.map(({ _id }) => _id)).size, given.length);
      members = given.map(({ host }) => host);
    },
  };
  const sleep = () => {
    isElected = true;
  };
  const db = { hello: () => (isElected ? { primary: members?.[0] } : {}) };
  const script = await readFile(join(deploy, 'mongodb', 'replica-set.js'), 'utf8');
  runInNewContext(script, { rs, db, sleep, print() {} });
  assert.ok(isElected, 'the script waits for a primary');
  return members ?? [];
}

test('the members of compose become one replica set, once', async () => {
  const services = allOf(mongodb, /^ {2}(mongodb-\d):\n {4}<<: \*mongodb$/gm);
  const expected = services.map((name) => `${name}:27017`);
  assert.equal(expected.length, 3);
  assert.deepEqual([...(await membersAfter(undefined))], expected);
  assert.deepEqual(await membersAfter(expected), expected);
  const [, hosts = ''] = /TENANTRY_DATABASE_URL=mongodb:\/\/([^/]+)/.exec(mongodb) ?? [];
  assert.deepEqual(hosts.split(','), services);
});
