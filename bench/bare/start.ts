import { closeSync, openSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { JSONWebKeySet } from 'jose';
import { type Asked, ask } from '../alike.ts';
import { cores, end, nextMessage, startPinned } from '../pinned.ts';
import type { Serving } from '../service.ts';

/** What a bare server is started with. */
export interface BareOptions {
  /** A data directory as the service lays it out, with `master.db`; where it works on MongoDB, any directory. */
  readonly directory: string;
  /** A database as the service lays it out, in the place of the directory's. */
  readonly mongodb?: { readonly url: string; readonly database: string };
  /** What each answer carries beside what Fastify and Node put in themselves. */
  readonly headers: Readonly<Record<string, string>>;
  /** Whether each request is logged, by the framework's own logger with its defaults, to a file in the directory. */
  readonly log?: boolean;
  readonly routes: readonly ('read' | 'sign-in' | 'create' | 'documents')[];
  /** By which `documents` checks tokens: what the service has at `/.well-known/jwks.json`. */
  readonly keys?: JSONWebKeySet;
  /** bcrypt's, of the hashes that `create` makes. */
  readonly cost?: number;
}

/** Starts a bare server on the server's core. */
export async function startBare(options: BareOptions): Promise<Serving> {
  const log = options.log ? openSync(join(options.directory, 'bare.log'), 'w') : undefined;
  const child = startPinned(fileURLToPath(new URL('server.ts', import.meta.url)), {
    core: cores.server,
    arguments: [JSON.stringify(options)],
    directory: options.directory,
    ...(log !== undefined && { output: log }),
  });
  if (log !== undefined) closeSync(log);
  const port = (await nextMessage(child)) as number;
  return { host: '127.0.0.1', port, processId: child.pid ?? 0, stop: () => end(child, 'SIGKILL') };
}

/** The headers of an answer of the service that a bare server has to be told of, to send the same bytes. */
export async function headersToRepeat(service: Serving, asked: Asked): Promise<Record<string, string>> {
  const { headers } = await ask(service, asked);
  const own = ['content-type', 'content-length', 'date', 'connection', 'keep-alive', 'etag', 'location'];
  return Object.fromEntries([...headers].filter(([name]) => !own.includes(name)));
}
