import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmod, mkdir, mkdtemp, readdir, rm, stat, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { TenantryError } from '../errors.ts';
import { askControl, ControlError } from './client.ts';
import { controlSocketPath } from './path.ts';
import { type ControlCommands, listenControl } from './server.ts';

async function makeDirectory(context: TestContext): Promise<string> {
  const directory = await mkdtemp(join(tmpdir(), 'tenantry-control-'));
  context.after(() => rm(directory, { recursive: true, force: true }));
  return directory;
}

async function listen(context: TestContext, directory: string, commands: ControlCommands) {
  const logged: { fields: object; message: string }[] = [];
  const keep = (fields: object, message: string) => void logged.push({ fields, message });
  const path = controlSocketPath(directory);
  const server = await listenControl({ path, commands, log: { info: keep, warn: keep, error: keep, audit: keep } });
  context.after(() => server.close());
  return { path, server, logged };
}

test('a command gets its input and its answer comes back', async (context) => {
  const { path } = await listen(context, await makeDirectory(context), {
    echo: async (input) => ({ input }),
    nothing: async () => undefined,
  });
  assert.deepEqual(await askControl(path, 'echo', { a: ['é', 1] }), { input: { a: ['é', 1] } });
  assert.deepEqual(await askControl(path, 'echo', undefined), { input: null });
  assert.equal(await askControl(path, 'nothing', undefined), null);
});

test('where nobody listens the answer is undefined', async (context) => {
  const directory = await makeDirectory(context);
  assert.equal(await askControl(controlSocketPath(directory), 'echo', 1), undefined);
  assert.equal(await askControl(controlSocketPath(join(directory, 'absent')), 'echo', 1), undefined);
});

test('what a command refuses is told in its own words, what failed inside only in the log', async (context) => {
  const { path, logged } = await listen(context, await makeDirectory(context), {
    refuse: async () => {
      throw new TenantryError('invalid_value', 'The directory is not empty.');
    },
    fail: async () => {
      throw new Error('the secret is 42');
    },
  });
  await assert.rejects(askControl(path, 'refuse', {}), new ControlError('The directory is not empty.'));
  assert.deepEqual(logged, []);
  await assert.rejects(
    askControl(path, 'fail', {}),
    new ControlError('fail failed; the log of the running Tenantry tells why.'),
  );
  assert.match(
    JSON.stringify(logged, (_, value) => (value instanceof Error ? value.message : value)),
    /the secret is 42/,
  );
});

test('a command that is not there is refused, also one that every object has', async (context) => {
  const { path } = await listen(context, await makeDirectory(context), {});
  for (const name of ['absent', 'toString', '__proto__']) {
    await assert.rejects(askControl(path, name, {}), /has no command/);
  }
});

test('an input or an answer past its bound is refused', async (context) => {
  const { path } = await listen(context, await makeDirectory(context), {
    take: async () => true,
    long: async () => 'x'.repeat(1_048_576),
  });
  assert.equal(await askControl(path, 'take', 'x'.repeat(65_534)), true);
  await assert.rejects(askControl(path, 'take', 'x'.repeat(65_535)), /longer than 65536 bytes/);
  await assert.rejects(askControl(path, 'long', {}), /longer than 1048576 bytes/);
});

test('the socket and the way to it are for its owner alone', async (context) => {
  const directory = await makeDirectory(context);
  await chmod(directory, 0o755);
  const { path } = await listen(context, directory, {});
  assert.equal((await stat(path)).mode & 0o777, 0o600);
  assert.deepEqual(await readdir(directory), ['control.sock']);
});

test('the socket of a process that was killed is replaced, and so is what it left half-made', async (context) => {
  const directory = await makeDirectory(context);
  const path = controlSocketPath(directory);
  const killed = spawn(process.execPath, [
    '-e',
    `require('node:net').createServer().listen(${JSON.stringify(path)}, () => process.kill(process.pid, 'SIGKILL'))`,
  ]);
  await once(killed, 'exit');
  assert.ok((await stat(path)).isSocket());
  assert.equal(await askControl(path, 'echo', 1), undefined);
  await mkdir(join(directory, 'control.new'));
  await writeFile(join(directory, 'control.new', 's'), '');

  await listen(context, directory, { echo: async (input) => input });
  assert.equal(await askControl(path, 'echo', 1), 1);
});

test('closing waits for the commands that run, and takes no more', async (context) => {
  const directory = await makeDirectory(context);
  const begun = Promise.withResolvers<void>();
  const done = Promise.withResolvers<string>();
  const { path, server } = await listen(context, directory, {
    slow: () => {
      begun.resolve();
      return done.promise;
    },
  });
  const asked = askControl(path, 'slow', {});
  await begun.promise;
  let closed = false;
  const closing = server.close().then(() => {
    closed = true;
  });
  await until(async () => (await readdir(directory)).length === 0);
  assert.equal(await askControl(path, 'slow', {}), undefined);
  assert.equal(closed, false);
  done.resolve('saved');
  assert.equal(await asked, 'saved');
  await closing;
  assert.deepEqual(await readdir(directory), []);
});

test('closing does not wait for a caller that says nothing, or only half', async (context) => {
  const { path, server } = await listen(context, await makeDirectory(context), { take: async () => true });
  const silent = connect(path);
  const halting = connect(path);
  await Promise.all([once(silent, 'connect'), once(halting, 'connect')]);
  halting.write('POST /take HTTP/1.1\r\nhost: x\r\ncontent-length: 9\r\nexpect: 100-continue\r\n\r\n');
  await once(halting, 'data');
  const ended = [silent, halting].map((socket) => {
    socket.on('error', () => undefined);
    return once(socket, 'close');
  });
  await server.close();
  await Promise.all(ended);
});

test('a service that goes away while it is asked is told apart from one that is not there', async (context) => {
  const path = controlSocketPath(await makeDirectory(context));
  const server = createServer((request) => request.socket.destroy()).listen(path);
  await once(server, 'listening');
  context.after(() => server.close());
  await assert.rejects(askControl(path, 'backup', {}), /went away before it answered backup/);
});

test('something else that listens there is told as such', async (context) => {
  const path = controlSocketPath(await makeDirectory(context));
  const server = createServer((_, response) => response.end('hello')).listen(path);
  await once(server, 'listening');
  context.after(() => server.close());
  await assert.rejects(askControl(path, 'backup', {}), /is not JSON/);
});

test('a command runs to its end where whoever asked goes away', async (context) => {
  const begun = Promise.withResolvers<void>();
  const done = Promise.withResolvers<void>();
  let finished = false;
  const { path, server, logged } = await listen(context, await makeDirectory(context), {
    slow: async () => {
      begun.resolve();
      await done.promise;
      finished = true;
    },
  });
  const asker = connect(path);
  asker.end('POST /slow HTTP/1.1\r\nhost: x\r\ncontent-length: 2\r\n\r\n{}');
  await begun.promise;
  asker.destroy();
  await once(asker, 'close');
  done.resolve();
  await server.close();
  assert.equal(finished, true);
  assert.match(logged.at(-1)?.message ?? '', /went away/);
});

/** Asks again until it is so; each asking gives way to the event loop. */
async function until(condition: () => Promise<boolean>): Promise<void> {
  while (!(await condition())) {
    await new Promise((resolve) => setImmediate(resolve));
  }
}
