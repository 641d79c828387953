import assert from 'node:assert/strict';
import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, constants, mkdtempSync, openSync, readFileSync, readSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { setImmediate, setTimeout } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { LineWriter } from './line-writer.ts';

function directoryFor(context: TestContext): string {
  const directory = mkdtempSync(join(tmpdir(), 'tenantry-lines-'));
  context.after(() => rmSync(directory, { recursive: true }));
  return directory;
}

/** A pipe whose both ends are in this process, non-blocking: nothing is read but by `read`. */
function pipeFor(context: TestContext) {
  const path = join(directoryFor(context), 'pipe');
  execFileSync('mkfifo', [path]);
  const open = () => openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
  let reader = open();
  const descriptor = openSync(path, constants.O_WRONLY | constants.O_NONBLOCK);
  context.after(() => [reader, descriptor].forEach(closeSync));
  const buffer = Buffer.alloc(1 << 20);
  /** What is in the pipe, '' if nothing. */
  function read(): string {
    try {
      return buffer.toString('utf8', 0, readSync(reader, buffer));
    } catch (error) {
      assert.ok(error instanceof Error && 'code' in error && error.code === 'EAGAIN');
      return '';
    }
  }
  return {
    descriptor,
    read,
    /** Resolves with what was read when that is right. */
    async readUntil(isRight: (text: string) => boolean): Promise<string> {
      for (let text = ''; ; text += read()) {
        if (isRight(text)) return text;
        await setTimeout(5);
      }
    },
    /** Takes the reader away, and brings another. */
    close: () => closeSync(reader),
    reopen: () => {
      reader = open();
    },
  };
}

const numbered = (count: number, length = 100): string[] =>
  Array.from({ length: count }, (_, line) => `${line} ${'x'.repeat(length)}\n`);

test('lines arrive whole and in their order, also those longer than a block', async (context) => {
  const path = join(directoryFor(context), 'log');
  const descriptor = openSync(path, 'w');
  const lines = new LineWriter(descriptor);
  const given = [...numbered(2_000), ...numbered(3, 100_000), 'é€😀\n'];
  for (const line of given) lines.write(line);
  await lines.flush();
  closeSync(descriptor);
  assert.equal(readFileSync(path, 'utf8'), given.join(''));
  assert.equal(lines.lost, 0);
});

test('a single line is written without being asked for', async (context) => {
  const { descriptor, readUntil } = pipeFor(context);
  new LineWriter(descriptor).write('alone\n');
  assert.equal(await readUntil((text) => text !== ''), 'alone\n');
});

test('where the process ends, what was refused and what waits are written at once and in order', async (context) => {
  const { descriptor, read } = pipeFor(context);
  const lines = new LineWriter(descriptor);
  const given = numbered(900);
  for (const line of given) lines.write(line);
  await lines.flush();
  let text = read();
  assert.ok(text.length < given.join('').length, 'the pipe took only a part');
  lines.write('last\n');
  lines.flushNow();
  text += read();
  assert.equal(text, `${given.join('')}last\n`);
  assert.equal(lines.lost, 0);
});

test('a pipe that nobody reads costs bounded memory, what is lost is counted, and it goes on when read', async (context) => {
  const { descriptor, readUntil } = pipeFor(context);
  const lines = new LineWriter(descriptor);
  for (let round = 0; round < 100; round++) {
    for (const line of numbered(100, 10_000)) lines.write(line);
    await setImmediate();
  }
  assert.ok(lines.lost > 9_000, `lost ${lines.lost}`);
  const text = await readUntil((read) => read.split('\n').length > 10_000 - lines.lost);
  lines.write('again\n');
  assert.equal(await readUntil((read) => read !== ''), 'again\n');
  assert.ok(
    text
      .trimEnd()
      .split('\n')
      .every((line) => /^\d+ x{10000}$/.test(line)),
  );
});

test('a line that was cut by a failure does not spoil the next one', async (context) => {
  const { descriptor, readUntil, close, reopen } = pipeFor(context);
  const lines = new LineWriter(descriptor);
  lines.write(`${'x'.repeat(1_000_000)}\n`);
  await readUntil((text) => text !== '');
  close();
  await lines.flush();
  lines.write('lost\n');
  await lines.flush();
  assert.equal(lines.lost, 2);
  reopen();
  lines.write('next\n');
  // What came into the pipe before its reader went is still there.
  assert.match(await readUntil((text) => text.endsWith('next\n')), /^x*\nnext\n$/);
});

const child = `
  import { createLog } from ${JSON.stringify(fileURLToPath(new URL('./log.ts', import.meta.url)))};
  const log = createLog({ level: 'info' });
  process.on('exit', () => log.flushNow());
  const fill = (lines) => { while (lines-- > 0) log.info({ lines }, 'a line that is there to fill the pipe'); };
  fill(5_000);
  await log.flush();
  process.send('ready');
  process.once('message', async (how) => {
    fill(20);
    log.info({ how }, 'last');
    if (how === 'flush') await log.flush();
    if (how === 'crash') throw new Error('a fatal error');
    process.exit();
  });
`;

/** Starts a process that logs some thousand lines to a pipe or file, and ends it when they are out. */
async function ended(how: 'flush' | 'exit' | 'crash', stdout: 'unread' | 'closed' | 'read' | number) {
  const target = typeof stdout === 'number' ? stdout : 'pipe';
  const running = spawn(process.execPath, ['--input-type=module', '-e', child], {
    stdio: ['ignore', target, 'ignore', 'ipc'],
  });
  const ready = once(running, 'message');
  let text = '';
  if (stdout === 'closed') running.stdout?.destroy();
  if (stdout === 'read') {
    const { promise: isOut, resolve } = Promise.withResolvers<void>();
    running.stdout?.on('data', (part) => {
      text += part;
      if (text.split('\n').length > 5_000) resolve();
    });
    await isOut;
  }
  await ready;
  const begun = performance.now();
  running.send(how);
  // One that is read is over when its output is.
  const [code] = await once(running, stdout === 'read' ? 'close' : 'exit');
  const seconds = (performance.now() - begun) / 1_000;
  running.stdout?.destroy();
  return { code, seconds, text };
}

test('every line is there after the process ended, by itself or by a fatal error', async () => {
  for (const how of ['flush', 'exit', 'crash'] as const) {
    const { text, code } = await ended(how, 'read');
    const lines = text.trimEnd().split('\n');
    assert.equal(lines.length, 5_021, how);
    assert.equal(new Set(lines.map((line) => JSON.parse(line).msg)).has('last'), true);
    assert.equal(code, how === 'crash' ? 1 : 0);
  }
});

test('the process ends in time, and well, where its lines are not read or the reader is gone', async () => {
  for (const how of ['flush', 'exit'] as const) {
    for (const stdout of ['unread', 'closed'] as const) {
      const { code, seconds } = await ended(how, stdout);
      assert.equal(code, 0, `${how} ${stdout}`);
      assert.ok(seconds < 4, `${how} ${stdout} took ${seconds} s`);
    }
  }
});

test('the process ends in time, and well, where the disk is full', async (context) => {
  const full = openSync('/dev/full', 'w');
  context.after(() => closeSync(full));
  for (const how of ['flush', 'exit'] as const) {
    const { code, seconds } = await ended(how, full);
    assert.equal(code, 0);
    assert.ok(seconds < 2, `took ${seconds} s`);
  }
});
