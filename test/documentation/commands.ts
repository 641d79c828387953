import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
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
  const script = commands
    .map(({ command }) => command)
    .join(`printf '${separator}'\n`)
    .replaceAll('localhost:8000', new URL(service.url).host)
    .replaceAll('/var/backups/tenantry', join(home, 'backups'))
    .replaceAll('npm run --silent tenantry --', `'${process.execPath}' '${join(root, 'bin', 'tenantry.js')}'`);
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

/** Whether a command is for a running service. */
export function isForService({ command }: Shown): boolean {
  return /\bcurl\b|\btenantry -- /.test(command);
}

/** Whether a command puts a backup in the place of the data. */
export function isRestore({ command }: Shown): boolean {
  return command.startsWith('mv data ');
}

/** Whether a command is what whoever runs these tests has done. */
export function isBegin({ command }: Shown): boolean {
  return /^npm ci && npm (?:start|test)\n$/.test(command);
}
