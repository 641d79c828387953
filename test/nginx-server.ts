import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { freePort } from './free-port.ts';

/** Where nginx is; Debian has it where only root looks for programs. */
const program = [...(process.env['PATH'] ?? '').split(':'), '/usr/sbin']
  .map((folder) => join(folder, 'nginx'))
  .find((path) => existsSync(path));

/** For `skip`: the reason why tests with nginx are left out, or false where they run. */
export const lackingNginx: string | false = program === undefined && 'nginx is not installed';

const configuration = join(import.meta.dirname, '..', 'deploy', 'nginx.conf');

/** The real nginx with the configuration of `deploy/`, before instances of a test's own. Ends with its scope. */
export interface Nginx extends AsyncDisposable {
  /** Where it listens: `http://127.0.0.1:PORT`. */
  readonly url: string;
  /** The lines that it has written of calls. */
  calls(): Promise<readonly NginxCall[]>;
}

/** A line of nginx about a call. */
export interface NginxCall {
  readonly request_id: string;
  readonly path: string;
  readonly status: number;
  /** Addresses of the instances that were asked, with commas between. */
  readonly instance: string;
}

/** Starts nginx before instances, which are named as `http://127.0.0.1:PORT`. */
export async function startNginx(instances: readonly string[], { isHurried = false } = {}): Promise<Nginx> {
  const text = await readFile(configuration, 'utf8');
  return await runNginx((place) => adapted(isHurried ? hurried(text) : text, { instances, ...place }));
}

/** The configuration with a tenth of the time for what nginx waits for a connection or an answer, and for asking again. */
function hurried(text: string): string {
  return text.replaceAll(
    /(proxy_(?:connect|read|next_upstream)_timeout) (\d+)s;/g,
    (_, name, seconds) => `${name} ${seconds}00ms;`,
  );
}

/** Where nginx listens, and the folder for its files. */
export interface NginxPlace {
  readonly port: number;
  readonly folder: string;
}

/** Starts nginx with a configuration, which writes its log of calls to `access.log` in the folder. */
export async function runNginx(configure: (place: NginxPlace) => string): Promise<Nginx> {
  if (program === undefined) throw new Error(`${lackingNginx}: skip the test`);
  await using stack = new AsyncDisposableStack();
  const folder = await mkdtemp(join(tmpdir(), 'tenantry-nginx-'));
  stack.defer(() => rm(folder, { recursive: true }));
  const port = await freePort();
  const file = join(folder, 'nginx.conf');
  await writeFile(file, configure({ port, folder }));
  // As root it would hand the work to a user who cannot enter the folder.
  const directives = `daemon off;${process.getuid?.() === 0 ? ' user root;' : ''}`;
  const child = spawn(program, ['-c', file, '-g', directives], { stdio: ['ignore', 'ignore', 'pipe'] });
  const ended = once(child, 'exit');
  stack.defer(async () => {
    child.kill('SIGTERM');
    await ended;
  });
  const told: string[] = [];
  const lines = createInterface(child.stderr);
  const begun = new Promise<void>((resolve) => {
    lines.on('line', (line) => {
      told.push(line);
      if (line.includes('start worker process ')) resolve();
    });
  });
  const failed = ended.then(() => {
    throw new Error(`nginx ended:\n${told.join('\n')}`);
  });
  await Promise.race([begun, failed]);
  failed.catch(() => {
    // The test ends it.
  });
  const all = stack.move();
  return {
    url: `http://127.0.0.1:${port}`,
    async calls() {
      const lines = (await readFile(join(folder, 'access.log'), 'utf8')).split('\n');
      return lines.filter((line) => line !== '').map((line) => JSON.parse(line) as NginxCall);
    },
    [Symbol.asyncDispose]: () => all.disposeAsync(),
  };
}

interface Ground extends NginxPlace {
  readonly instances: readonly string[];
}

/** The configuration with this test's addresses and places in it; all else is as in the container. */
function adapted(text: string, { instances, port, folder }: Ground): string {
  const options = ' max_fails=1 fail_timeout=2s;\n';
  const servers = instances.map((url) => `    server ${new URL(url).host}${options}`);
  const changes = [
    [`    server 172.31.251.11:8000${options}    server 172.31.251.12:8000${options}`, servers.join('')],
    ['listen 8000;', `listen 127.0.0.1:${port};`],
    ['error_log stderr warn;', 'error_log stderr notice;'],
    [' /tmp/', ` ${folder}/`],
    ['access_log /dev/stdout call;', `access_log ${folder}/access.log call;`],
  ] as const;
  return changes.reduce((adapting, [from, to]) => {
    if (!adapting.includes(from)) throw new Error(`deploy/nginx.conf has no longer "${from}"`);
    return adapting.replaceAll(from, to);
  }, text);
}
