import { execFile } from 'node:child_process';
import { promisify } from 'node:util';

const run = promisify(execFile);

/** The command of Docker Compose, whose older and newer forms differ; undefined where there is none. */
export async function composeProgram(): Promise<readonly [string, ...string[]] | undefined> {
  for (const candidate of [['docker', 'compose'], ['docker-compose']] as const) {
    const [name, ...args] = candidate;
    const stands = await run(name, [...args, 'version']).then(
      () => true,
      () => false,
    );
    if (stands) return candidate;
  }
  return undefined;
}
