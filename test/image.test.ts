import assert from 'node:assert/strict';
import { type ChildProcessByStdio, spawn } from 'node:child_process';
import { once } from 'node:events';
import { copyFile, lstat, mkdir, mkdtemp, readdir, readFile, rm, symlink } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join, relative } from 'node:path';
import { createInterface } from 'node:readline';
import type { Readable } from 'node:stream';
import { test } from 'node:test';
import { copiesOf, isIgnored, lastOf, productionPackages, readStages, variablesOf } from './image/dockerfile.ts';
import { readTree } from './tidy/tree.ts';

const root = join(import.meta.dirname, '..');
const dockerfile = await readFile(join(root, 'deploy', 'Dockerfile'), 'utf8');
const dockerignore = await readFile(join(root, '.dockerignore'), 'utf8');
const stages = readStages(dockerfile);
const [build = [], image = []] = stages;

/** The words of an instruction in the form that starts the program itself, so that signals reach it. */
function wordsOf(instruction: string | undefined): string[] {
  return JSON.parse(instruction?.slice(instruction.indexOf('[')) ?? '[]');
}

test('the image has the Node that the tests run on', async () => {
  const { devDependencies } = JSON.parse(await readFile(join(root, 'package.json'), 'utf8'));
  for (const stage of stages)
    assert.match(lastOf(stage, 'FROM') ?? '', new RegExp(`^node:${devDependencies.node}-slim\\b`));
  assert.equal(process.versions.node, devDependencies.node);
});

test('the image runs as a user without rights, tells its health, and gets the signals itself', () => {
  assert.match(lastOf(image, 'USER') ?? '', /^[1-9]\d*:[1-9]\d*$/);
  assert.equal(lastOf(image, 'VOLUME'), variablesOf(image)['TENANTRY_DATA_DIR']);
  assert.equal(lastOf(image, 'EXPOSE'), variablesOf(image)['TENANTRY_PORT']);
  assert.equal(lastOf(image, 'STOPSIGNAL'), 'SIGTERM');
  assert.equal(wordsOf(lastOf(image, 'HEALTHCHECK'))[0], 'node');
  assert.equal(wordsOf(lastOf(image, 'CMD'))[0], 'node');
});

test('the build sees the sources, and neither data, nor secrets, nor tests', () => {
  for (const path of ['src/main.ts', 'bin/tenantry.js', 'package-lock.json', '.npmrc']) {
    assert.equal(isIgnored(dockerignore, path), false, path);
  }
  for (const path of [
    '.env',
    '.git/config',
    'data/master.db',
    'node_modules/a/a.js',
    'test/run.js',
    'src/a/b.test.ts',
  ]) {
    assert.equal(isIgnored(dockerignore, path), true, path);
  }
});

/** Puts together what the build would; the packages are links to those that are here. */
async function assembleImage(app: string): Promise<void> {
  const context = readTree(root).map(({ path }) => path);
  for (const { sources, target } of copiesOf(build)) {
    for (const source of sources) {
      const isCopied = (path: string) => path === source || path.startsWith(`${source}/`);
      const copied = context.filter((path) => isCopied(path) && !isIgnored(dockerignore, path));
      assert.notEqual(copied.length, 0, `COPY ${source}: there is no such file in the build context`);
      for (const path of copied) {
        const place = join(app, target, path === source ? path : relative(source, path));
        await mkdir(dirname(place), { recursive: true });
        await copyFile(join(root, path), place);
      }
    }
  }
  for (const name of productionPackages(root)) {
    const place = join(app, 'node_modules', name);
    await mkdir(dirname(place), { recursive: true });
    await symlink(join(root, 'node_modules', name), place, 'junction');
  }
}

/** What is in a folder, with the time of its last change. */
async function listing(folder: string): Promise<string[]> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  const paths = entries.map(({ parentPath, name }) => join(parentPath, name)).sort();
  return Promise.all(paths.map(async (path) => `${path} ${(await lstat(path)).mtimeMs}`));
}

/** The first address that the service tells. */
async function addressOf(service: ChildProcessByStdio<null, null, Readable>): Promise<string> {
  const told: string[] = [];
  for await (const line of createInterface(service.stderr)) {
    const address = /^\s*API\s+(http:\S+)/.exec(line)?.[1];
    if (address !== undefined) return address;
    told.push(line);
  }
  throw new Error(`no address was told: ${told.join('\n')}`);
}

test('what the image holds is enough: the service starts, writes to its data alone, is healthy, and ends', {
  timeout: 60_000,
}, async (t) => {
  const folder = await mkdtemp(join(tmpdir(), 'tenantry-image-'));
  const [app, data] = [join(folder, 'app'), join(folder, 'data')];
  await assembleImage(app);
  await mkdir(data);
  const before = await listing(app);
  const own = { TENANTRY_HOST: '127.0.0.1', TENANTRY_PORT: '0', TENANTRY_DATA_DIR: data };
  const service = spawn(process.execPath, wordsOf(lastOf(image, 'CMD')).slice(1), {
    cwd: app,
    // The compile cache is kept where that is possible; the image has it from its build, and cannot be written to.
    env: { ...variablesOf(image), ...own, NODE_DISABLE_COMPILE_CACHE: '1' },
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  const ended = once(service, 'exit');
  t.after(async () => {
    service.kill('SIGKILL');
    await ended;
    await rm(folder, { recursive: true });
  });
  const address = await addressOf(service);
  service.stderr.resume();

  for (const path of ['/docs', '/redoc', '/openapi.json']) {
    assert.equal((await fetch(`${address}${path}`)).status, 200, path);
  }
  const health = async () => {
    const check = spawn(process.execPath, wordsOf(lastOf(image, 'HEALTHCHECK')).slice(1), {
      env: { TENANTRY_PORT: new URL(address).port },
      stdio: 'ignore',
    });
    return (await once(check, 'exit'))[0];
  };
  assert.equal(await health(), 0);
  service.kill('SIGTERM');
  assert.deepEqual(await ended, [0, null]);
  assert.equal(await health(), 1);
  assert.deepEqual(await listing(app), before);
});
