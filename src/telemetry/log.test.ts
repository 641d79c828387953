import assert from 'node:assert/strict';
import { closeSync, mkdtempSync, openSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { createLog, type LogOptions, type ProcessLog } from './log.ts';

function logFor(
  context: TestContext,
  level: LogOptions['level'],
  about?: () => object,
): { log: ProcessLog; lines: () => unknown[] } {
  const directory = mkdtempSync(join(tmpdir(), 'tenantry-log-'));
  const path = join(directory, 'log');
  const destination = openSync(path, 'w');
  context.after(() => {
    closeSync(destination);
    rmSync(directory, { recursive: true });
  });
  const lines = () =>
    readFileSync(path, 'utf8')
      .split('\n')
      .filter((line) => line !== '')
      .map((line) => JSON.parse(line));
  return { log: createLog({ level, about, destination }), lines };
}

test('a line is one JSON object with its level, time, service, fields and message', async (context) => {
  const { log, lines } = logFor(context, 'info');
  const earliest = new Date().toISOString();
  log.info({ status: 200, text: 'two\nlines "quoted"' }, 'answered');
  log.warn({}, 'beware');
  await log.flush();
  const [first, second] = lines() as [Record<string, unknown>, Record<string, unknown>];
  const { time, ...rest } = first;
  assert.deepEqual(rest, {
    level: 'info',
    service: 'tenantry',
    status: 200,
    text: 'two\nlines "quoted"',
    msg: 'answered',
  });
  assert.match(String(time), /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/);
  assert.ok(String(time) >= earliest && String(time) <= new Date().toISOString());
  assert.deepEqual([second['level'], second['msg']], ['warn', 'beware']);
});

test('each line has what the process says of it at that moment, and its own fields win', async (context) => {
  let trace_id = 'one';
  const { log, lines } = logFor(context, 'error', () => (trace_id === '' ? {} : { trace_id }));
  log.error({ status: 200 }, 'first');
  trace_id = 'other';
  log.audit({}, 'second');
  log.error({ trace_id: 'own' }, 'third');
  trace_id = '';
  log.error({}, 'fourth');
  await log.flush();
  const shown = (lines() as Record<string, unknown>[]).map((line) => [line['msg'], line['trace_id']]);
  assert.deepEqual(shown, [
    ['first', 'one'],
    ['second', 'other'],
    ['third', 'own'],
    ['fourth', undefined],
  ]);
});

test('what is below the level is not written', async (context) => {
  const { log, lines } = logFor(context, 'warn');
  log.info({}, 'no');
  log.warn({}, 'yes');
  log.error({}, 'yes');
  await log.flush();
  assert.equal(lines().length, 2);
});

for (const level of ['error', 'fatal', 'silent'] as const) {
  test(`a line of the audit is written at level ${level} too`, async (context) => {
    const { log, lines } = logFor(context, level);
    log.info({}, 'no');
    log.audit({ caller: 'operator', password: 'S3cret' }, 'answered');
    await log.flush();
    const [line, ...others] = lines() as Record<string, unknown>[];
    assert.deepEqual([line?.['level'], line?.['caller'], line?.['msg']], ['info', 'operator', 'answered']);
    assert.ok(!JSON.stringify(line).includes('S3cret'));
    assert.deepEqual(others, []);
  });
}

test('no secret reaches the file, and an error does', async (context) => {
  const { log, lines } = logFor(context, 'info');
  const err = Object.assign(new Error('broken'), { authorization: 'S3cret' });
  log.error({ err, password: 'S3cret', headers: { cookie: 'S3cret' } }, 'failed');
  await log.flush();
  const text = JSON.stringify(lines());
  assert.ok(!text.includes('S3cret'), text);
  assert.ok(text.includes('"type":"Error","message":"broken"') && text.includes('log.test'), text);
});
