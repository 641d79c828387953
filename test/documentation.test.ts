import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { promisify } from 'node:util';
import {
  type Ground,
  isBegin,
  isForService,
  isOnMongodb,
  isRestore,
  lacking,
  openGround,
  runCommands,
  startOnMongodb,
} from './documentation/commands.ts';
import {
  blocksOf,
  commandsOf,
  type Page,
  readPage,
  readPages,
  root,
  rowsOfTables,
  type Shown,
  testsNamedIn,
} from './documentation/page.ts';
import { missing } from './mongodb/address.ts';
import { scratchDatabase } from './mongodb/scratch.ts';
import { create, read } from './service/calls.ts';
import { dataDirectory } from './service/service.ts';

const pages = readPages();
const readme = readPage('README.md');
const oldService = readPage('docs/from-the-old-service.md');
const operations = readPage('docs/operations.md');
const skip = await lacking('curl');

test('every test that a page names is in its file', () => {
  const missing = pages.flatMap(testsNamedIn).filter(({ file, name }) => {
    const path = join(root, file);
    if (!existsSync(path)) return true;
    const source = readFileSync(path, 'utf8');
    return !["'", '"', '`'].some((quote) => source.includes(`${quote}${name}${quote}`));
  });
  assert.deepEqual(missing, []);
});

test('every fault of the old service, every difference from it and every failure is told with its test', () => {
  for (const page of [readme, oldService, operations]) {
    const rows = rowsOfTables(page, 'test');
    assert.ok(rows.length >= 10, `${page.path} has its tables`);
    for (const row of rows) assert.equal(testsNamedIn({ path: page.path, text: row }).length, 1, row);
  }
});

test('the npm commands that the pages show exist', async () => {
  const { scripts } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
  const launcher = join(root, 'bin', 'tenantry.js');
  const { stdout: usage } = await promisify(execFile)(process.execPath, [launcher, 'help']);
  const commands = [...usage.matchAll(/^ {2}([a-z-]+)/gm)].map(([, name]) => name);
  const known = [
    ...['npm ci', 'npm start', 'npm test'],
    ...Object.keys(scripts).map((name) => `npm run ${name}`),
    ...commands.map((name) => `npm run tenantry -- ${name}`),
  ];
  const command = /\bnpm (?:run tenantry -- [a-z-]+|run [a-z-]+|ci|start|test)\b/g;
  for (const { path, text } of pages) {
    for (const [shown] of text.replaceAll('--silent ', '').matchAll(command)) {
      assert.ok(known.includes(shown), `${path} shows ${shown}`);
    }
  }
});

test('every command that is to be pasted is run by a test', () => {
  const run = [readme, oldService, operations].map(({ path }) => path);
  // Whole, by `guide.test.ts` and `beside-mongodb.test.ts`.
  const runElsewhere = ['docs/guide.md', 'docs/documents.md', 'docs/events.md', 'docs/beside-mongodb.md'];
  for (const page of pages.filter(({ path }) => !runElsewhere.includes(path))) {
    const isRun = (shown: Shown) =>
      isBegin(shown) || isRestore(shown) || isOnMongodb(shown) || (isForService(shown) && run.includes(page.path));
    assert.deepEqual(
      commandsOf(page).filter((shown) => !isRun(shown)),
      [],
      page.path,
    );
  }
});

for (const page of [readme, oldService]) {
  test(`the calls of ${page.path} are answered as it shows`, { skip }, async () => {
    await using ground = await openGround();
    await assertAnswers(page, ground);
  });
}

test('the commands of docs/operations.md do what it shows, and its restore brings back what a backup held', {
  skip,
}, async () => {
  await using ground = await openGround();
  await create(ground.service.url, 'acme');
  await assertAnswers(operations, ground);
  await create(ground.service.url, 'later');
  await ground.service.stop();
  await runCommands(commandsOf(operations).filter(isRestore), ground);
  await ground.restart();
  const found = await Promise.all(['acme', 'later'].map((name) => read(ground.service.url, name)));
  assert.deepEqual(
    found.map(({ status }) => status),
    [200, 404],
  );
});

test('a start and a request tell what the pages show, and the metrics are those that are listed', async () => {
  await using ground = await openGround();
  const metrics = await (await fetch(`${ground.service.url}/metrics`)).text();
  const { out, error } = await ground.service.stop();
  const shown = blocksOf(readme).find(({ text }) => text.startsWith('Tenantry '))?.text;
  assert.equal(withoutChance(error.replace(' (test)', '')), withoutChance(shown ?? ''));

  const measured = [...metrics.matchAll(/^# TYPE (tenantry_\w+)/gm)].map(([, name]) => name);
  const listed = rowsOfTables(operations, 'what it says').flatMap((row) =>
    [...row.matchAll(/`(tenantry_\w+)`/g)].map(([, name]) => name),
  );
  assert.deepEqual(listed.sort(), measured.sort());

  const line = blocksOf(operations).find(({ text }) => text.includes('"msg":"answered"'))?.text ?? '{}';
  const logged = out.split('\n').find((each) => each.includes('"msg":"answered"')) ?? '{}';
  assert.deepEqual(Object.keys(JSON.parse(logged)), Object.keys(JSON.parse(line)));
});

test('the commands of README.md that start it on MongoDB do so, and it tells what is shown', {
  skip: missing,
}, async () => {
  await using scratch = scratchDatabase();
  await using home = await dataDirectory();
  const commands = pages.flatMap(commandsOf).filter(isOnMongodb);
  assert.equal(commands.length, 1);
  for (const command of commands) {
    const service = await startOnMongodb(command, home.path, scratch);
    assert.equal((await create(service.url, 'acme')).status, 201);
    const { error } = await service.stop();
    const shown = blocksOf(readme).find(({ text }) => /^ +Engine +MongoDB/m.test(text))?.text;
    assert.equal(withoutChance(error), withoutChance(shown ?? ''));
  }
});

async function assertAnswers(page: Page, ground: Ground): Promise<void> {
  const commands = commandsOf(page).filter(isForService);
  const outputs = await runCommands(commands, ground);
  for (const [place, { command, answer = '' }] of commands.entries()) {
    assert.equal(withoutChance(outputs[place] ?? ''), withoutChance(answer), command);
  }
}

/** A text without what differs from time to time and from machine to machine. */
function withoutChance(text: string): string {
  return text
    .trim()
    .replaceAll(/"(created_at|taken_at|request_id|key)":"[^"]+"/g, '"$1":"..."')
    .replaceAll(/(127\.0\.0\.1):\d+/g, '$1:...')
    .replaceAll(/("directory":)"[^"]+(?=\/monday")/g, '$1"...')
    .replaceAll(/(Data +).+/g, '$1...')
    .replaceAll(/(Engine +MongoDB )[\d.]+/g, '$1...')
    .replaceAll(/(Ready in +)\d+/g, '$1...');
}
