#!/usr/bin/env node
// Plain JavaScript that Node 18 can parse, so that an old Node is told of in words. Everything else is src/main.ts.
import module from 'node:module';
import { availableParallelism } from 'node:os';
import { resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { outdatedNode } from './node-version.js';

/** Each command with what npm calls it and what it takes. */
const commands = {
  start: { script: 'npm start', parameters: [] },
  doctor: { script: 'npm run doctor', parameters: [] },
  'rotate-keys': { script: 'npm run tenantry -- rotate-keys', parameters: [] },
  recount: { script: 'npm run tenantry -- recount', parameters: [] },
  backup: { script: 'npm run tenantry -- backup DIR', parameters: ['DIR'] },
  secret: { script: 'npm run tenantry -- secret', parameters: [] },
};

const usage = `Usage: npm run tenantry -- COMMAND

  start         runs the service (npm start); also where no command is given
  doctor        shows the settings in force and checks what they name (npm run doctor)
  rotate-keys   signs new tokens with a new key; the old one is valid until its tokens are gone
  recount       counts every organization's documents anew, and tells whose count was wrong
  backup DIR    writes a copy of all data, of one instant, to the directory DIR
  secret        makes a TENANTRY_SECRET and prints it; nothing else is touched`;

/** EX_USAGE of sysexits.h. */
const exitUsage = 64;

const [name = 'start', ...args] = process.argv.slice(2);
const command = Object.hasOwn(commands, name) ? commands[name] : undefined;
const outdated = outdatedNode(command?.script ?? 'npm start');

if (outdated !== undefined) {
  console.error(outdated);
  process.exitCode = 1;
} else if (name === 'help' || name === '--help') {
  console.log(usage);
} else if (command === undefined || args.length !== command.parameters.length) {
  console.error(usage);
  process.exitCode = exitUsage;
} else if (name === 'secret') {
  // Needed before there are settings, so that it reads none.
  const { makeSecret } = await import('../src/identity/secret.ts');
  console.log(makeSecret());
} else {
  // The pool reads its size when it is first used, which nothing has done yet. A flood of password hashes takes a thread
  // for each core, and the two more are for files and names.
  process.env.UV_THREADPOOL_SIZE ||= String(Math.max(4, availableParallelism() + 2));
  // Compiled code is kept for the next start; where it cannot be kept this does nothing.
  const compiled = fileURLToPath(new URL('../node_modules/.cache/tenantry', import.meta.url));
  module.enableCompileCache(compiled);
  // For the threads too, which are handed a copy of the environment: each would take 25 MB to strip types by itself.
  process.env.NODE_COMPILE_CACHE ??= compiled;
  const { run } = await import('../src/main.ts');
  // npm runs scripts in the root of the project and says where it was called.
  const paths = args.map((path) => resolve(process.env.INIT_CWD ?? '.', path));
  await run(name, paths);
}
