import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { Compile } from 'typebox/schema';
import { parse } from 'yaml';
import { readSettings } from '../src/settings.ts';
import { kongSchema } from './kong/schema.ts';

const deploy = join(import.meta.dirname, '..', 'deploy');
const path = join(deploy, 'kong', 'kong.yaml');
const nginx = readFileSync(join(deploy, 'nginx.conf'), 'utf8');

interface Plugin {
  readonly name: string;
  readonly config: Readonly<Record<string, unknown>>;
}

interface Route {
  readonly name: string;
  readonly methods?: readonly string[];
  readonly paths: readonly string[];
  readonly strip_path: boolean;
  readonly plugins?: readonly Plugin[];
}

interface Kong {
  readonly _format_version: string;
  readonly upstreams: readonly { readonly name: string; readonly targets: readonly { readonly target: string }[] }[];
  readonly services: readonly {
    readonly name: string;
    readonly host: string;
    readonly connect_timeout: number;
    readonly write_timeout: number;
    readonly read_timeout: number;
    readonly retries: number;
    readonly routes: readonly Route[];
  }[];
  readonly plugins: readonly Plugin[];
}

const kong = parse(readFileSync(path, 'utf8')) as Kong;

/** The milliseconds of a directive of nginx, for all calls or in a location. */
function milliseconds(directive: string, location?: string): number {
  const [whole = ''] = location === undefined ? [nginx] : (new RegExp(`location ${location} {[^}]+`).exec(nginx) ?? []);
  const [, seconds] = new RegExp(`^ +${directive} (\\d+)s;$`, 'm').exec(whole) ?? assert.fail(directive);
  return Number(seconds) * 1_000;
}

/** The methods and path that a route is for, as Kong chooses: of those that fit, the one with more conditions, then the longer path. */
function serviceFor(method: string, asked: string): { name: string; retries: number; route: Route } {
  const fitting = kong.services.flatMap(({ name, retries, routes }) =>
    routes
      .filter(({ methods = [method], paths }) => methods.includes(method) && paths.some((each) => fits(each, asked)))
      .map((route) => ({ name, retries, route })),
  );
  const weight = ({ methods = [], paths: [first = ''] }: Route) =>
    (methods.length > 0 ? 10_000 : 0) + (first.startsWith('~') ? 1_000 : 0) + first.length;
  const [best] = fitting.toSorted((one, other) => weight(other.route) - weight(one.route));
  return best ?? assert.fail(`${method} ${asked} is led nowhere`);
}

function fits(path: string, asked: string): boolean {
  return path.startsWith('~') ? new RegExp(`^${path.slice(1)}`).test(asked) : asked.startsWith(path);
}

test("the configuration of Kong has members of Kong's entities alone, with values that they take", () => {
  const schema = Compile(kongSchema);
  const [, faults] = schema.Errors(kong);
  assert.deepEqual(faults, []);
  const misspelt = JSON.parse(JSON.stringify(kong).replace('read_timeout', 'reading_timeout'));
  assert.equal(schema.Check(misspelt), false);
});

test("Kong's times are those of nginx, and its sizes and limits those of the settings", () => {
  for (const { name, connect_timeout, write_timeout, read_timeout } of kong.services) {
    assert.equal(connect_timeout, milliseconds('proxy_connect_timeout'));
    assert.equal(write_timeout, milliseconds('proxy_send_timeout'));
    const location = name === 'tenantry-import' ? '@import' : undefined;
    assert.equal(read_timeout, milliseconds('proxy_read_timeout', location), name);
  }
  const { settings } = readSettings({});
  const config = (name: string) => kong.plugins.find((plugin) => plugin.name === name)?.config ?? {};
  assert.equal(Number(config('request-size-limiting')['allowed_payload_size']) * 1_048_576, settings.BATCH_BYTES);
  assert.match(nginx, new RegExp(`client_max_body_size ${settings.BATCH_BYTES / 1_048_576}m;`));
  assert.equal(config('rate-limiting')['minute'], settings.LIMIT_ADDRESS.most);
  const login = serviceFor('POST', '/admin/login').route.plugins?.find(({ name }) => name === 'rate-limiting');
  assert.equal(login?.config['minute'], settings.LIMIT_LOGIN_ADDRESS.most);
  assert.equal(config('correlation-id')['header_name'], 'X-Request-Id');
});

test('Kong asks again what reads, and nothing that changes', () => {
  const documents = '/v1/organizations/acme/collections/default/documents/one';
  assert.equal(serviceFor('GET', documents).retries, 1);
  for (const [method, asked] of [
    ['PUT', documents],
    ['DELETE', documents],
    ['PUT', '/org/update'],
    ['DELETE', '/org/delete'],
    ['POST', '/admin/login'],
  ] as const) {
    assert.equal(serviceFor(method, asked).retries, 0, `${method} ${asked}`);
  }
});

test('Kong waits longer for the answer to an import, and for that of no other call', () => {
  const organization = '/v1/organizations/acme';
  assert.equal(serviceFor('POST', `${organization}/import`).name, 'tenantry-import');
  assert.equal(serviceFor('GET', `${organization}/export`).name, 'tenantry');
  assert.equal(serviceFor('POST', `${organization}/collections/a/documents/batch`).name, 'tenantry');
  assert.equal(serviceFor('PUT', `${organization}/collections/a/documents/import`).name, 'tenantry-once');
});

test('Kong shows no metrics, takes nothing from a path, and leads everything to the same instances', () => {
  assert.equal(serviceFor('GET', '/metrics').route.plugins?.[0]?.config['status_code'], 404);
  assert.deepEqual(
    kong.upstreams.map(({ name, targets }) => [name, targets.map(({ target }) => target)]),
    [['tenantry', ['tenantry-1:8000', 'tenantry-2:8000']]],
  );
  for (const { host, routes } of kong.services) {
    assert.equal(host, 'tenantry');
    for (const route of routes) assert.equal(route.strip_path, false, route.name);
  }
});
