import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { cp, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { before, test } from 'node:test';

/** The launcher with a service of its own, which tells what it was started with. */
let project: string;

before(async () => {
  project = await mkdtemp(join(tmpdir(), 'tenantry-launcher-'));
  await cp(join(import.meta.dirname, '..', 'bin'), join(project, 'bin'), { recursive: true });
  await mkdir(join(project, 'src'));
  await writeFile(join(project, 'package.json'), '{ "type": "module" }');
  await writeFile(
    join(project, 'src', 'main.ts'),
    `import { readdirSync } from 'node:fs';
    import { stat } from 'node:fs/promises';
    import { getCompileCacheDir } from 'node:module';
    export async function run(command: string, args: string[]): Promise<void> {
      const threads = () => process.platform === 'linux' ? readdirSync('/proc/self/task').length : undefined;
      const before = threads();
      await stat('.');
      console.log(JSON.stringify({ command, args, before, after: threads(), cache: getCompileCacheDir() }));
    }`,
  );
  await mkdir(join(project, 'src', 'identity'));
  await writeFile(
    join(project, 'src', 'identity', 'secret.ts'),
    "export function makeSecret(): string { return 'a new secret'; }",
  );
  return async () => rm(project, { recursive: true, force: true });
});

async function launch(args: readonly string[], environment: Record<string, string> = {}, nodeOptions: string[] = []) {
  const { UV_THREADPOOL_SIZE: _, NODE_DISABLE_COMPILE_CACHE: __, ...inherited } = process.env;
  const child = spawn(process.execPath, [...nodeOptions, join(project, 'bin', 'tenantry.js'), ...args], {
    env: { ...inherited, ...environment },
  });
  const exited = new Promise<number | null>((resolve) => child.on('exit', resolve));
  const [out, error, code] = await Promise.all([text(child.stdout), text(child.stderr), exited]);
  return { out, error, code };
}

function preload(source: string): string[] {
  return ['--import', `data:text/javascript,${encodeURIComponent(source)}`];
}

test('a command and its arguments reach the service, with the compile cache beside the packages', async () => {
  const { out, code } = await launch(['backup', '/somewhere']);
  const { command, args, cache } = JSON.parse(out);
  assert.deepEqual({ command, args, code }, { command: 'backup', args: ['/somewhere'], code: 0 });
  assert.ok(cache.startsWith(join(project, 'node_modules', '.cache', 'tenantry')));
  assert.equal(JSON.parse((await launch([])).out).command, 'start');
});

test('the thread pool has a thread for each core and two more, at least four, unless its size is given', {
  skip: process.platform === 'linux' ? false : 'threads are counted in /proc',
}, async () => {
  const poolThreads = async (cores: number, environment: Record<string, string>) => {
    const pretend = `import os from 'node:os'; import { syncBuiltinESMExports } from 'node:module';
      os.availableParallelism = () => ${cores}; syncBuiltinESMExports();`;
    const { before, after } = JSON.parse((await launch(['start'], environment, preload(pretend))).out);
    return after - before;
  };
  assert.equal(await poolThreads(6, {}), 8);
  assert.equal(await poolThreads(1, {}), 4);
  assert.equal(await poolThreads(6, { UV_THREADPOOL_SIZE: '3' }), 3);
});

test('an unknown command, or one with other arguments than it takes, is answered with the usage and 64', async () => {
  for (const args of [
    ['restart'],
    ['toString'],
    ['backup'],
    ['backup', 'a', 'b'],
    ['start', 'now'],
    ['secret', '43'],
  ]) {
    const { out, error, code } = await launch(args);
    assert.deepEqual({ out, code }, { out: '', code: 64 }, args.join(' '));
    assert.match(error, /^Usage: npm run tenantry -- COMMAND\n/);
  }
});

test('a secret is made without settings, and its line is all that is printed', async () => {
  const { out, error, code } = await launch(['secret'], { TENANTRY_PORT: 'wrong' });
  assert.deepEqual({ out, error, code }, { out: 'a new secret\n', error: '', code: 0 });
});

test('the usage has every command', async () => {
  const { out, code } = await launch(['help']);
  const named = [...out.matchAll(/^ {2}(\S+)/gm)].map(([, name]) => name);
  assert.deepEqual(
    { named, code },
    { named: ['start', 'doctor', 'rotate-keys', 'recount', 'backup', 'secret'], code: 0 },
  );
});

test('a Node that is too old is told with what repairs it, and nothing is started', async () => {
  const versions = "Object.defineProperty(process, 'versions', { value: { ...process.versions, node: '20.20.2' } })";
  const pretend = preload(versions);
  const without = await launch(['doctor'], {}, pretend);
  assert.deepEqual({ out: without.out, code: without.code }, { out: '', code: 1 });
  assert.match(without.error, /needs Node 24 or later, but this is Node 20\.20\.2/);
  assert.match(without.error, /npm ci --include=dev --ignore-scripts=false\nand then: npm run doctor\n$/);

  await mkdir(join(project, 'node_modules', 'node', 'bin'), { recursive: true });
  await writeFile(join(project, 'node_modules', 'node', 'bin', 'node'), '');
  const beside = await launch(['doctor'], {}, pretend);
  assert.match(beside.error, /npm has installed Node 24 here\. This uses it: npm run doctor\n$/);
});
