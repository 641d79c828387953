import { StartError } from '../errors.ts';
import type { Server } from './framework.ts';

/**
 * Connections that the kernel keeps until they are accepted, where its own bound allows it. Past it a caller's kernel tries
 * again after one second, then three, then seven.
 */
const MOST_NEW = 4_096;

/**
 * Listens for callers.
 *
 * @throws {StartError} 1, naming the port and the setting, where that is not possible
 */
export async function listen(
  server: Pick<Server, 'listen'>,
  { HOST, PORT }: { HOST: string; PORT: number },
): Promise<void> {
  try {
    await server.listen({ host: HOST, port: PORT, backlog: MOST_NEW });
  } catch (error) {
    throw new StartError(1, explain((error as NodeJS.ErrnoException).code, HOST, PORT), error);
  }
}

function explain(code: string | undefined, host: string, port: number): string {
  switch (code) {
    case 'EADDRINUSE':
      return `Port ${port} of ${host} is taken by another program. Stop it, or name another port in TENANTRY_PORT.`;
    case 'EACCES':
      return `This user may not listen on port ${port}. Name one from 1024 up in TENANTRY_PORT.`;
    default:
      return `This machine cannot listen on port ${port} of ${host} (${code}). Name one of its addresses in TENANTRY_HOST.`;
  }
}
