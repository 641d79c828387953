import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { test } from 'node:test';

const module = JSON.stringify(new URL('signals.ts', import.meta.url).href);

/** Runs a program that never ends by itself, sends the signal when it says that it is ready, and tells how it ended. */
async function endAt(signal: NodeJS.Signals, program: string) {
  const source = `const { endOnSignal, exitOnSignal } = await import(${module});
    const ending = { stop: async () => console.error('stopped'), seconds: 10, log: { info() {}, warn() {}, error() {} } };
    process.on('exit', () => console.error('exit'));
    setInterval(() => {}, 1_000);
    ${program}
    console.log('ready');`;
  const child = spawn(process.execPath, ['--input-type=module', '--eval', source], {
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const said: string[] = [];
  child.stderr.setEncoding('utf8').on('data', (text: string) => said.push(text));
  try {
    const closed = once(child, 'close');
    const first = await Promise.race([once(child.stdout, 'data').then(String), closed.then(() => said.join(''))]);
    assert.equal(first, 'ready\n');
    child.kill(signal);
    const [code, killedBy] = await closed;
    return { code, killedBy, said: said.join('').split('\n').filter(Boolean) };
  } finally {
    child.kill('SIGKILL');
  }
}

for (const [signal, code] of [
  ['SIGTERM', 143],
  ['SIGINT', 130],
] as const) {
  test(`${signal} ends a start that waits at once with ${code}, by an exit of its own that the log hears of`, async () => {
    assert.deepEqual(await endAt(signal, 'exitOnSignal();'), { code, killedBy: null, said: ['exit'] });
  });

  test(`${signal} stops what has started, with 0, once the end is in other hands`, async () => {
    const program = 'const handOver = exitOnSignal(); endOnSignal(ending); handOver();';
    assert.deepEqual(await endAt(signal, program), { code: 0, killedBy: null, said: ['stopped', 'exit'] });
  });
}

test('a signal has its default action again when the waiting is over and nothing took the end over', async () => {
  assert.deepEqual(await endAt('SIGTERM', 'exitOnSignal()();'), { code: null, killedBy: 'SIGTERM', said: [] });
});
