import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { Scratch } from '../mongodb/scratch.ts';
import { dataDirectory, environment, type Service, startService } from '../service/service.ts';
import { root, type Shown } from './page.ts';

const run = promisify(execFile);

/** A directory for the commands of a page, with a service whose data is in `data` there. Ends with its scope. */
export interface Ground extends AsyncDisposable {
  readonly home: string;
  readonly service: Service;
  /** Starts the service again, once it was stopped. */
  restart(): Promise<void>;
}

/** Makes the directory and starts the service. */
export async function openGround(): Promise<Ground> {
  const directory = await dataDirectory();
  const start = () => startService(join(directory.path, 'data'));
  let service = await start();
  return {
    home: directory.path,
    get service() {
      return service;
    },
    async restart() {
      service = await start();
    },
    async [Symbol.asyncDispose]() {
      await service.stop();
      await directory[Symbol.asyncDispose]();
    },
  };
}

/** Stands between the outputs of commands. */
const separator = '\u001e';

/** Runs commands of a page in one shell, as a reader pastes them, and gives what each printed. */
export async function runCommands(commands: readonly Shown[], { home, service }: Ground): Promise<string[]> {
  const script = withProgram(commands.map(({ command }) => command).join(`printf '${separator}'\n`))
    .replaceAll('localhost:8000', new URL(service.url).host)
    .replaceAll('/var/backups/tenantry', join(home, 'backups'));
  const { stdout } = await run('sh', ['-euc', script], { cwd: home, env: environment(join(home, 'data')) });
  return stdout.split(separator);
}

/** Why a test that needs a program is left out, as node:test takes it: false where it is there. */
export async function lacking(program: string): Promise<string | false> {
  return run(program, ['--version']).then(
    () => false,
    () => `${program} is not installed`,
  );
}

/** Starts the service by the command of a page, in an empty directory and on a database of a test's own. */
export function startOnMongodb({ command }: Shown, home: string, { url, name }: Scratch): Promise<Service> {
  const script = withProgram(command)
    .replace(/(?<=TENANTRY_DATABASE_URL=)[^']+/, url)
    // In the place of the shell, so that a signal reaches it.
    .replace('npm start', `exec '${process.execPath}' '${launcher}' start`);
  // Where it were `test`, .env would not be read.
  const settings = { ENV: 'production', BCRYPT_COST: '10', DATABASE_NAME: name };
  return startService(home, settings, ['sh', '-euc', `cd '${home}'\n${script}`]);
}

const launcher = join(root, 'bin', 'tenantry.js');

/** A script with the program where it asks npm for it. */
export function withProgram(script: string): string {
  return script.replaceAll('npm run --silent tenantry --', `'${process.execPath}' '${launcher}'`);
}

/** Whether a command is for a running service. */
export function isForService(shown: Shown): boolean {
  return /\bcurl\b|\btenantry -- /.test(shown.command) && !isOnMongodb(shown);
}

/** Whether a command starts the service on MongoDB. */
export function isOnMongodb({ command }: Shown): boolean {
  return command.includes('TENANTRY_DATABASE_URL=');
}

/** Whether a command puts a backup in the place of the data. */
export function isRestore({ command }: Shown): boolean {
  return command.startsWith('mv data ');
}

/** Whether a command is what whoever runs these tests has done. */
export function isBegin({ command }: Shown): boolean {
  return /^npm ci && npm (?:start|test)\n$/.test(command);
}
