// Plain JavaScript that Node 18 can parse, so that an old Node is told of in words.
import { spawn } from 'node:child_process';
import { readdirSync, statSync } from 'node:fs';
import { constants } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { outdatedNode } from '../bin/node-version.js';

/** What the contract suites run on. One with an `address` runs where that variable names a server. */
const engines = [
  { name: 'engine embedded', address: undefined },
  { name: 'engine mongodb', address: 'TEST_MONGODB_URL' },
  { name: 'broker rabbitmq', address: 'TEST_RABBITMQ_URL' },
  { name: 'broker nats', address: 'TEST_NATS_URL' },
  { name: 'shared by redis', address: 'TEST_REDIS_URL' },
];

const folders = ['src', 'test', 'bench', 'tools'];

/**
 * All test files of a folder, those below it included; none where the folder is not there.
 *
 * @param {string} folder
 * @returns {string[]}
 */
function testFilesIn(folder) {
  if (statSync(folder, { throwIfNoEntry: false }) === undefined) {
    return [];
  }
  return readdirSync(folder, { withFileTypes: true })
    .filter((entry) => entry.name !== 'node_modules')
    .flatMap((entry) => {
      const path = join(folder, entry.name);
      return entry.isDirectory() ? testFilesIn(path) : entry.name.endsWith('.test.ts') ? [path] : [];
    })
    .sort();
}

/**
 * What is given to node's runner: arguments that are files as they are, folders as the files in them, all others as they
 * are; every test file where the arguments name none.
 *
 * @param {string[]} given
 * @returns {string[]}
 */
function chooseTests(given) {
  const information = (argument) => statSync(argument, { throwIfNoEntry: false });
  // A file that is not there goes to node too, which tells so.
  const isPath = (argument) => argument.endsWith('.ts') || information(argument) !== undefined;
  const chosen = given
    .filter(isPath)
    .flatMap((path) => (information(path)?.isDirectory() ? testFilesIn(path) : [path]));
  // Options stand before the files, whose names are the last that node reads.
  return [
    ...given.filter((argument) => !isPath(argument)),
    ...(chosen.length > 0 ? chosen : folders.flatMap(testFilesIn)),
  ];
}

/** Tests give settings themselves; those of whoever runs them must not have a part in it. */
function environmentForTests() {
  return Object.fromEntries(Object.entries(process.env).filter(([name]) => !/^tenantry_/i.test(name)));
}

function main() {
  const outdated = outdatedNode('npm test');
  if (outdated !== undefined) {
    console.error(outdated);
    process.exitCode = 1;
    return;
  }
  process.chdir(fileURLToPath(new URL('..', import.meta.url)));
  for (const { name, address } of engines) {
    const runs = address === undefined || Boolean(process.env[address]);
    console.log(runs ? `${name}: runs` : `${name}: left out, ${address} names no server`);
  }
  // A file whose tests leave something open that never ends is a failure, and no reason to wait for ever.
  const options = ['--test', '--test-concurrency=2', '--test-timeout=1800000', '--test-reporter=spec'];
  const runner = spawn(process.execPath, [...options, ...chooseTests(process.argv.slice(2))], {
    stdio: 'inherit',
    env: environmentForTests(),
  });
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) {
    process.on(signal, () => runner.kill(signal));
  }
  runner.on('error', (error) => {
    throw error;
  });
  runner.on('exit', (code, signal) => {
    // 128 and the signal's number, as a shell has it.
    process.exitCode = signal === null ? (code ?? 1) : 128 + constants.signals[signal];
  });
}

main();
