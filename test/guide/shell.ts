import { spawn } from 'node:child_process';
import { withProgram } from '../documentation/commands.ts';
import { environment, type GivenSettings } from '../service/service.ts';

/** A shell into which one command after the other is pasted. Ends with its scope. */
export interface Shell extends AsyncDisposable {
  /** Gives what the command prints. @throws {Error} it failed, with what it said */
  paste(command: string): Promise<string>;
}

/** Stands behind the output of each command. */
const separator = '\u001e';

/**
 * Opens a shell as a reader has it in the root of the project, but in another directory.
 *
 * @param home the directory, whose `data` holds the data of the service
 * @param settings by their names without `TENANTRY_`
 */
export function openShell(home: string, settings: GivenSettings): Shell {
  const child = spawn('sh', ['-eu'], { cwd: home, env: environment(`${home}/data`, settings) });
  const closed = new Promise<void>((resolve) => child.on('close', () => resolve()));
  let printed = '';
  let complaint = '';
  let awaited: PromiseWithResolvers<string> | undefined;
  child.stderr.setEncoding('utf8').on('data', (chunk: string) => {
    complaint += chunk;
  });
  child.stdout.setEncoding('utf8').on('data', (chunk: string) => {
    printed += chunk;
    if (!printed.endsWith(separator)) return;
    awaited?.resolve(printed.slice(0, -separator.length));
    printed = '';
  });
  closed.then(() => awaited?.reject(new Error(`the shell ended: ${complaint}`)));
  return {
    paste(command) {
      awaited = Promise.withResolvers<string>();
      child.stdin.write(`${withProgram(command)}\nprintf '${separator}'\n`);
      return awaited.promise;
    },
    async [Symbol.asyncDispose]() {
      child.stdin.end();
      await closed;
    },
  };
}
