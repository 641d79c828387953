import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { promisify } from 'node:util';
import {
  blocksOf,
  commandsOf,
  type Page,
  readPage,
  readPages,
  root,
  rowsOfTables,
  testsNamedIn,
} from './documentation/page.ts';
import {
  isForService,
  lacking,
  makeHome,
  type RunningService,
  runCommands,
  startService,
} from './documentation/service.ts';

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

test('every fault of the old service and every difference from it is told with its test', () => {
  for (const page of [readme, oldService]) {
    const rows = rowsOfTables(page, 'test');
    assert.ok(rows.length >= 15, `${page.path} has its tables`);
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
  for (const { path, text } of pages) {
    const shown = text
      .replaceAll('--silent ', '')
      .matchAll(/\bnpm (?:run tenantry -- [a-z-]+|run [a-z-]+|ci|start|test)\b/g);
    for (const [command] of shown) assert.ok(known.includes(command), `${path} shows ${command}`);
  }
});

test('every command that is to be pasted is run by a test', () => {
  for (const page of pages) {
    const others = commandsOf(page).filter(
      (shown) => !isForService(shown) || ![readme, oldService, operations].some(({ path }) => path === page.path),
    );
    for (const { command } of others) assert.ok(isRunElsewhere(command), `${page.path} shows ${command}`);
  }
});

/** By whoever runs this test, or by the one about the restore. */
function isRunElsewhere(command: string): boolean {
  return /^npm ci && npm (?:start|test)\n$/.test(command) || isRestore(command);
}

function isRestore(command: string): boolean {
  return command.startsWith('mv data ');
}

for (const page of [readme, oldService]) {
  test(`the calls of ${page.path} are answered as it shows`, { skip }, async () => {
    await using home = await makeHome();
    await using service = await startService(home.path);
    await assertAnswers(page, home.path, service);
  });
}

test('the commands of docs/operations.md do what it shows, and its restore brings back what a backup held', {
  skip,
}, async () => {
  await using home = await makeHome();
  await using service = await startService(home.path);
  const [created] = commandsOf(readme).filter(isForService);
  assert.ok(created);
  await runCommands([created], { home: home.path, address: service.address });
  await assertAnswers(operations, home.path, service);
  const later = { ...created, command: created.command.replace('Acme Corp', 'Later').replace('ada@', 'later@') };
  await runCommands([later], { home: home.path, address: service.address });
  assert.deepEqual(await statuses(service), [200, 200]);
  await service.stop();

  await runCommands(
    commandsOf(operations).filter(({ command }) => isRestore(command)),
    { home: home.path },
  );
  await using restored = await startService(home.path);
  assert.deepEqual(await statuses(restored), [200, 404]);
});

async function statuses({ address }: RunningService): Promise<number[]> {
  const read = async (name: string) => (await fetch(`http://${address}/org/get?organization_name=${name}`)).status;
  return [await read('Acme Corp'), await read('Later')];
}

test('a start and a request tell what the pages show, and the metrics are those that are listed', async () => {
  await using home = await makeHome();
  await using service = await startService(home.path);
  const shown = blocksOf(readme).find(({ text }) => text.startsWith('Tenantry '))?.text;
  assert.equal(withoutChance(service.announcement.replace(' (test)', '')), withoutChance(shown ?? ''));

  const metrics = await (await fetch(`http://${service.address}/metrics`)).text();
  const measured = [...metrics.matchAll(/^# TYPE (tenantry_\w+)/gm)].map(([, name]) => name);
  const listed = rowsOfTables(operations, 'what it says').flatMap((row) =>
    [...row.matchAll(/`(tenantry_\w+)`/g)].map(([, name]) => name),
  );
  assert.deepEqual(listed.sort(), measured.sort());

  const line = blocksOf(operations).find(({ text }) => text.includes('"msg":"answered"'))?.text ?? '{}';
  const logged = (await service.stop()).split('\n').find((each) => each.includes('"msg":"answered"')) ?? '{}';
  assert.deepEqual(Object.keys(JSON.parse(logged)), Object.keys(JSON.parse(line)));
});

async function assertAnswers(page: Page, home: string, { address }: RunningService): Promise<void> {
  const commands = commandsOf(page).filter(isForService);
  const outputs = await runCommands(commands, { home, address });
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
    .replaceAll(/(Data +)\S+/g, '$1...')
    .replaceAll(/(Ready in +)\d+/g, '$1...');
}
