import { once } from 'node:events';
import { chmod, mkdir, rename, rm } from 'node:fs/promises';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { dirname, join } from 'node:path';
import { finished } from 'node:stream/promises';
import { StartError, TenantryError } from '../errors.ts';
import type { Log } from '../log.ts';
import { readJson } from './body.ts';

/** What the running service does when it is asked to: takes the input as it came, and answers with a JSON value. */
export type ControlCommands = Readonly<Record<string, (input: unknown) => Promise<unknown>>>;

/** Where the service listens for commands, and what they do. */
export interface ControlOptions {
  /** Of the socket (`controlSocketPath`). The caller holds the lock of its directory, so what stands there is stale. */
  readonly path: string;
  readonly commands: ControlCommands;
  readonly log: Log;
}

/** The socket, while it is listened on. */
export interface ControlServer {
  /** Takes no more commands; resolves when those that run are answered, however long they take. */
  close(): Promise<void>;
}

interface Answer {
  readonly status: number;
  readonly body: unknown;
}

/** The input of a command is a few words; the bound keeps a mistake from filling the memory. */
const mostInputBytes = 65_536;

/**
 * Lets the owner of the data directory give commands to the running service: `POST /<command>`, JSON, over a Unix socket
 * of mode 0600. A command may take any time, and runs on where whoever asked goes away. What it refuses with a
 * `TenantryError` or a `StartError` is told as `{refusal}`; other errors go to the log.
 */
export async function listenControl({ path, commands, log }: ControlOptions): Promise<ControlServer> {
  const running = new Set<Promise<void>>();
  const server = createServer(async (request, response) => {
    try {
      const answer = await prepare(commands, request);
      const work = 'run' in answer ? answer.run(log).then((done) => send(response, done)) : send(response, answer);
      running.add(work);
      await work.finally(() => running.delete(work));
    } catch (error) {
      log.warn({ error, url: request.url }, 'A caller of the control socket went away before it was answered');
      response.destroy();
    }
  });
  await listenPrivately(server, path);
  return {
    async close() {
      await rm(path, { force: true });
      server.close();
      while (running.size > 0) {
        await Promise.allSettled(running);
      }
      server.closeAllConnections();
    },
  };
}

/**
 * Listens at the path, which nobody but this user can reach at any moment: the socket is made in a directory of mode 0700
 * and moved to its place, over one that a killed process left, when its own mode is set. `umask` would do it too, but it
 * holds for all threads, and would take from a directory that another one makes the right to enter it.
 */
async function listenPrivately(server: Server, path: string): Promise<void> {
  const workshop = join(dirname(path), 'control.new');
  await rm(workshop, { recursive: true, force: true });
  await mkdir(workshop, { mode: 0o700 });
  try {
    const made = join(workshop, 's');
    server.listen(made);
    await once(server, 'listening');
    await chmod(made, 0o600);
    await rename(made, path);
  } catch (error) {
    server.close();
    throw error;
  } finally {
    await rm(workshop, { recursive: true, force: true });
  }
}

/** Finds the command and reads its input: the answer, where it cannot be run, or what runs it. */
async function prepare(
  commands: ControlCommands,
  request: IncomingMessage,
): Promise<Answer | { run(log: Log): Promise<Answer> }> {
  const name = request.url?.slice(1) ?? '';
  const command = Object.hasOwn(commands, name) ? commands[name] : undefined;
  if (request.method !== 'POST' || command === undefined) {
    return { status: 404, body: { refusal: `The running Tenantry has no command ${JSON.stringify(name)}.` } };
  }
  const input = await readJson(request, mostInputBytes);
  if ('unreadable' in input) {
    return { status: 400, body: { refusal: `The input of ${name} ${input.unreadable}.` } };
  }
  return {
    async run(log) {
      try {
        return { status: 200, body: await command(input.value) };
      } catch (error) {
        if (error instanceof TenantryError || error instanceof StartError) {
          return { status: 400, body: { refusal: error.message } };
        }
        log.error({ error, command: name }, 'A command over the control socket failed');
        return { status: 500, body: { refusal: `${name} failed; the log of the running Tenantry tells why.` } };
      }
    },
  };
}

async function send(response: ServerResponse, { status, body }: Answer): Promise<void> {
  response.writeHead(status, { 'content-type': 'application/json', connection: 'close' });
  response.end(JSON.stringify(body ?? null));
  await finished(response);
}
