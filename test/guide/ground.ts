import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { withProgram } from '../documentation/commands.ts';
import { root } from '../documentation/page.ts';
import {
  dataDirectory,
  environment,
  type GivenSettings,
  launcher,
  type Service,
  startService,
} from '../service/service.ts';
import { openShell } from './shell.ts';

/** A reader's machine: a directory, a service whose data is in `data` there, a shell, and the example. Ends with its scope. */
export interface Ground extends AsyncDisposable {
  readonly service: Service;
  /** Pastes a command into the shell. */
  paste(command: string): Promise<string>;
  /** Stops the service, and starts it by a command of a page. */
  restart(command: string): Promise<void>;
  /** Starts the example by a command of a page. */
  startExample(command: string): Promise<Example>;
}

/** The example as it runs. */
export interface Example {
  readonly url: string;
  /** What it said. */
  readonly said: string;
}

/** Makes the directory, starts the service and opens the shell. @param settings by their names without `TENANTRY_` */
export async function openGround(settings: GivenSettings = {}): Promise<Ground> {
  await using stack = new AsyncDisposableStack();
  const { path: home } = stack.use(await dataDirectory());
  const data = join(home, 'data');
  let service = await startService(data, settings);
  stack.defer(async () => {
    await service.stop();
  });
  const shell = stack.use(openShell(home, settings));
  const kept = stack.move();
  return {
    get service() {
      return service;
    },
    paste: (command) => shell.paste(command.replaceAll('localhost:8000', new URL(service.url).host)),
    async restart(command) {
      await service.stop();
      // Where it were `test`, .env would not be read.
      const ownSettings = { ...settings, ENV: 'production', BCRYPT_COST: '10' };
      const script = withProgram(command).replace('npm start', `exec '${process.execPath}' '${launcher}' start`);
      service = await startService(data, ownSettings, ['sh', '-euc', `cd '${home}'\n${script}`]);
    },
    async startExample(command) {
      const env = { ...environment(data), API_URL: service.url, PORT: '0' };
      const program = command.replace(/^node /, `exec '${process.execPath}' `);
      const child = spawn('sh', ['-euc', program], { cwd: root, env, stdio: ['ignore', 'pipe', 'inherit'] });
      const ended = once(child, 'exit');
      kept.defer(async () => {
        child.kill();
        await ended;
      });
      const [said] = await once(child.stdout.setEncoding('utf8'), 'data');
      const url = /http:\S+/.exec(String(said))?.[0];
      if (url === undefined) throw new Error(`the example did not start: ${said}`);
      return { url, said: String(said) };
    },
    [Symbol.asyncDispose]: () => kept.disposeAsync(),
  };
}
