import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { copyFile, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { freePort } from '../free-port.ts';

/** Where the configuration for Prometheus is. */
export const configuration = join(import.meta.dirname, '..', '..', 'deploy', 'prometheus');

const folders = (process.env['PATH'] ?? '').split(':');
const lacks = (name: string) => !folders.some((folder) => existsSync(join(folder, name)));

/** For `skip`: the reason why tests with Prometheus are left out, or false where they run. */
export const lackingPrometheus: string | false =
  ['prometheus', 'promtool'].some(lacks) && 'prometheus is not installed';

/** An instance that is scraped. */
export interface Scraped {
  /** `http://127.0.0.1:PORT`. */
  readonly url: string;
  readonly metricsToken: string;
}

/** An alert as Prometheus has read it. */
export interface LoadedRule {
  readonly name: string;
  readonly query: string;
  /** `ok` where its last evaluation succeeded; `unknown` where there was none. */
  readonly health: string;
}

/** A real Prometheus with the configuration of `deploy/`. Ends with its scope. */
export interface Prometheus extends AsyncDisposable {
  /** The values of a query now, one for each series. @throws {Error} Prometheus refuses it */
  query(expression: string): Promise<readonly number[]>;
  rules(): Promise<readonly LoadedRule[]>;
}

/** Makes the files of `deploy/prometheus/` for one instance, with short intervals, in a folder. */
export async function adaptConfiguration(folder: string, { url, metricsToken }: Scraped): Promise<string> {
  const token = join(folder, 'metrics-token');
  await writeFile(token, metricsToken, { mode: 0o600 });
  await copyFile(join(configuration, 'alerts.yaml'), join(folder, 'alerts.yaml'));
  const changes = [
    ['/run/secrets/metrics-token', token],
    ['scrape_interval: 15s', 'scrape_interval: 500ms'],
    ['evaluation_interval: 15s', 'evaluation_interval: 500ms'],
    ['          - tenantry-1:8000\n          - tenantry-2:8000\n', `          - ${new URL(url).host}\n`],
  ] as const;
  const text = await readFile(join(configuration, 'prometheus.yml'), 'utf8');
  const adapted = changes.reduce((adapting, [from, to]) => {
    if (!adapting.includes(from)) throw new Error(`deploy/prometheus/prometheus.yml has no longer "${from}"`);
    return adapting.replace(from, to);
  }, text);
  const file = join(folder, 'prometheus.yml');
  await writeFile(file, adapted);
  return file;
}

/** Starts Prometheus, and waits until it answers. */
export async function startPrometheus(scraped: Scraped): Promise<Prometheus> {
  await using stack = new AsyncDisposableStack();
  const folder = await mkdtemp(join(tmpdir(), 'tenantry-prometheus-'));
  stack.defer(() => rm(folder, { recursive: true }));
  const file = await adaptConfiguration(folder, scraped);
  const port = await freePort();
  const child = spawn(
    'prometheus',
    [`--config.file=${file}`, `--storage.tsdb.path=${join(folder, 'data')}`, `--web.listen-address=127.0.0.1:${port}`],
    { stdio: ['ignore', 'ignore', 'pipe'] },
  );
  const ended = once(child, 'exit');
  stack.defer(async () => {
    child.kill('SIGTERM');
    await ended;
  });
  const told: string[] = [];
  const ready = Promise.withResolvers<void>();
  createInterface(child.stderr).on('line', (line) => {
    told.push(line);
    if (line.includes('Server is ready to receive web requests')) ready.resolve();
  });
  ended.then(() => ready.reject(new Error(`prometheus ended:\n${told.join('\n')}`)), ready.reject);
  await ready.promise;
  const ask = async (path: string) => {
    const answer = await fetch(`http://127.0.0.1:${port}/api/v1/${path}`);
    const body = (await answer.json()) as { status: string; error?: string; data: unknown };
    if (body.status !== 'success') throw new Error(`${path}: ${body.error}`);
    return body.data;
  };
  const all = stack.move();
  return {
    async query(expression) {
      const data = (await ask(`query?query=${encodeURIComponent(expression)}`)) as {
        result: { value: [number, string] }[];
      };
      return data.result.map(({ value: [, value] }) => Number(value));
    },
    async rules() {
      const { groups } = (await ask('rules')) as { groups: { rules: LoadedRule[] }[] };
      return groups.flatMap(({ rules }) => rules);
    },
    [Symbol.asyncDispose]: () => all.disposeAsync(),
  };
}
