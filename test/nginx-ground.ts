import { makeSecret } from '../src/identity/secret.ts';
import { scratchDatabase } from './mongodb/scratch.ts';
import { type Nginx, startNginx } from './nginx-server.ts';
import { dataDirectory, type Service, startService } from './service/service.ts';

/** Instances on one database behind nginx. Ended with their scope. */
export interface NginxGround extends AsyncDisposable {
  readonly instances: readonly Service[];
  readonly nginx: Nginx;
}

/** Starts so many instances, and nginx before them. */
export async function openBehindNginx(count: number): Promise<NginxGround> {
  await using stack = new AsyncDisposableStack();
  const scratch = stack.use(scratchDatabase());
  const directory = stack.use(await dataDirectory());
  const settings = {
    DATABASE_URL: scratch.url,
    DATABASE_NAME: scratch.name,
    SECRET: makeSecret(),
    TRUST_PROXY: '127.0.0.1',
  };
  const start = async () => {
    const service = await startService(directory.path, settings);
    stack.defer(async () => void (await service.stop('SIGKILL')));
    return service;
  };
  const instances = await Promise.all(Array.from({ length: count }, start));
  const nginx = stack.use(await startNginx(instances.map(({ url }) => url)));
  const all = stack.move();
  return { instances, nginx, [Symbol.asyncDispose]: () => all.disposeAsync() };
}
