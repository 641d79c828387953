import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { promisify } from 'node:util';
import { parse } from 'yaml';
import { makeSecret } from '../src/identity/secret.ts';
import { composeProgram } from './compose-program.ts';

const run = promisify(execFile);
const deploy = join(import.meta.dirname, '..', 'deploy');
const program = await composeProgram();
const skip = program === undefined && 'docker compose is not installed';

interface Merged {
  readonly services: Readonly<Record<string, MergedService>>;
}

interface MergedService {
  readonly image?: string;
  readonly environment?: Readonly<Record<string, string>>;
  readonly depends_on?: Readonly<Record<string, unknown>>;
  readonly ports?: readonly (string | { host_ip: string })[];
  readonly volumes?: readonly (string | { type: string; source: string })[];
  readonly networks?: Readonly<Record<string, unknown>>;
}

/** What must be given; all are secrets. */
const given = {
  TENANTRY_SECRET: makeSecret(),
  TENANTRY_METRICS_TOKEN: 'm'.repeat(32),
  RABBITMQ_PASSWORD: 'a-password',
  GRAFANA_PASSWORD: 'another-password',
} as const;

/** Both files as one, as Compose reads them. */
async function merged(environment: Readonly<Record<string, string>>): Promise<Merged> {
  const [name = '', ...args] = program ?? [];
  const files = ['compose.mongodb.yaml', 'cluster.yaml'].flatMap((file) => ['--file', join(deploy, file)]);
  const { stdout } = await run(name, [...args, ...files, 'config'], {
    env: { PATH: process.env['PATH'], ...environment },
  });
  return parse(stdout) as Merged;
}

test('the cluster of compose is whole: instances, three members, a broker, Redis, Prometheus and Grafana', {
  skip,
}, async () => {
  const { services } = await merged(given);
  assert.deepEqual(Object.keys(services).sort(), [
    ...['grafana', 'mongodb-1', 'mongodb-2', 'mongodb-3', 'nginx', 'prometheus', 'rabbitmq', 'redis', 'replica-set'],
    ...['tenantry-1', 'tenantry-2'],
  ]);
  for (const name of ['tenantry-1', 'tenantry-2']) {
    const { environment = {}, depends_on = {} } = services[name] ?? {};
    assert.equal(environment['TENANTRY_METRICS_TOKEN'], given.TENANTRY_METRICS_TOKEN);
    assert.equal(environment['TENANTRY_BROKER_URL'], `amqp://tenantry:${given.RABBITMQ_PASSWORD}@rabbitmq:5672`);
    assert.equal(environment['TENANTRY_REDIS_URL'], 'redis://redis:6379');
    assert.match(environment['TENANTRY_DATABASE_URL'] ?? '', /^mongodb:\/\/mongodb-1,mongodb-2,mongodb-3\//);
    assert.deepEqual(Object.keys(depends_on).sort(), ['rabbitmq', 'redis', 'replica-set']);
  }
});

test('the cluster of compose asks for each secret that it lacks', { skip }, async () => {
  for (const lacking of Object.keys(given)) {
    const rest = Object.fromEntries(Object.entries(given).filter(([name]) => name !== lacking));
    await assert.rejects(merged(rest), new RegExp(`${lacking}[^]*make one with`), lacking);
  }
});

test('the cluster of compose publishes nothing to others, and keeps what has no users off the front', {
  skip,
}, async () => {
  const { services } = await merged(given);
  for (const [name, { ports = [], networks = {} }] of Object.entries(services)) {
    for (const port of ports) {
      assert.match(typeof port === 'string' ? port : port.host_ip, /^127\.0\.0\.1/, name);
    }
    if (/^(mongodb|redis|rabbitmq)/.test(name)) assert.deepEqual(Object.keys(networks), ['database'], name);
  }
});

test('the files that the cluster of compose hands to its containers are there', { skip }, async () => {
  const { services } = await merged(given);
  const sources = Object.values(services)
    .flatMap(({ volumes = [] }) => volumes)
    .map((volume) => (typeof volume === 'string' ? (volume.split(':')[0] ?? '') : volume.source))
    .filter((source) => source.startsWith('/'));
  assert.ok(sources.length >= 5);
  assert.deepEqual(
    sources.filter((source) => !existsSync(source)),
    [],
  );
});

test('Prometheus scrapes the instances of compose by their names, and Grafana asks Prometheus by its own', () => {
  const targets = readFileSync(join(deploy, 'prometheus', 'prometheus.yml'), 'utf8').match(/(?<=- )tenantry-\d:\d+/g);
  assert.deepEqual(targets, ['tenantry-1:8000', 'tenantry-2:8000']);
  const { datasources } = parse(
    readFileSync(join(deploy, 'grafana', 'provisioning', 'datasources', 'prometheus.yaml'), 'utf8'),
  ) as { datasources: { url: string }[] };
  assert.deepEqual(
    datasources.map(({ url }) => url),
    ['http://prometheus:9090'],
  );
  const { providers } = parse(
    readFileSync(join(deploy, 'grafana', 'provisioning', 'dashboards', 'tenantry.yaml'), 'utf8'),
  ) as { providers: { options: { path: string } }[] };
  const overlay = readFileSync(join(deploy, 'cluster.yaml'), 'utf8');
  assert.ok(overlay.includes(`./grafana/dashboards:${providers[0]?.options.path}:ro`));
});
