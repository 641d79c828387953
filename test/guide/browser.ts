import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { rm } from 'node:fs/promises';
import type { Readable, Writable } from 'node:stream';
import { dataDirectory } from '../service/service.ts';

/** A browser without a window. Ends with its scope. */
export interface Browser extends AsyncDisposable {
  /** Opens a page with cookies of its own, as another person's browser has them, and waits until it is loaded. */
  open(url: string): Promise<Tab>;
}

/** A page that is open. */
export interface Tab {
  /** Gives what an expression of JavaScript is, a promise what it resolves to. @throws {Error} what the page threw */
  evaluate(expression: string): Promise<unknown>;
  /** A picture of the page as it is seen. */
  screenshot(): Promise<Buffer>;
}

interface Message {
  readonly id?: number;
  readonly sessionId?: string;
  readonly method?: string;
  readonly result?: Record<string, unknown>;
  readonly error?: { readonly message: string };
}

/** Speaks the DevTools protocol (https://chromedevtools.github.io/devtools-protocol/). */
interface Connection {
  /** Sends a command. @throws {Error} what the browser says is wrong with it */
  send(method: string, params?: object, sessionId?: string): Promise<Record<string, unknown>>;
  /** Resolves at the next event of this kind in the session. */
  next(event: string, sessionId: string): Promise<void>;
}

const options = [
  '--headless',
  // Chromium cannot make its sandbox where it runs as root or in a container.
  '--no-sandbox',
  '--disable-gpu',
  '--disable-dev-shm-usage',
  '--disable-background-networking',
  '--no-first-run',
  '--remote-debugging-pipe',
];

/** Starts Chromium, which is spoken to over a pipe, so that no port is needed. */
export async function openBrowser(): Promise<Browser> {
  const profile = await dataDirectory();
  const args = [...options, `--user-data-dir=${profile.path}`, 'about:blank'];
  const child = spawn('chromium', args, { stdio: ['ignore', 'ignore', 'ignore', 'pipe', 'pipe'] });
  const exited = once(child, 'exit');
  const connection = connect(child.stdio[3] as Writable, child.stdio[4] as Readable);
  return {
    open: (url) => openTab(connection, url),
    async [Symbol.asyncDispose]() {
      child.kill('SIGKILL');
      await exited;
      // Its children may still write there for a moment.
      await rm(profile.path, { recursive: true, force: true, maxRetries: 10 });
    },
  };
}

/** Messages are JSON, each ended by NUL. */
function connect(out: Writable, incoming: Readable): Connection {
  const waiting = new Map<string, PromiseWithResolvers<Record<string, unknown>>>();
  const wait = (name: string) => {
    const awaited = Promise.withResolvers<Record<string, unknown>>();
    waiting.set(name, awaited);
    return awaited.promise;
  };
  let last = 0;
  let rest = '';
  incoming.setEncoding('utf8').on('data', (chunk: string) => {
    const messages = (rest + chunk).split('\0');
    rest = messages.pop() ?? '';
    for (const { id, method, sessionId, result, error } of messages.map((text): Message => JSON.parse(text))) {
      const name = id === undefined ? `${method} ${sessionId}` : String(id);
      if (error === undefined) waiting.get(name)?.resolve(result ?? {});
      else waiting.get(name)?.reject(new Error(error.message));
      waiting.delete(name);
    }
  });
  incoming.on('close', () => {
    for (const { reject } of waiting.values()) reject(new Error('the browser went away'));
  });
  return {
    send(method, params = {}, sessionId = undefined) {
      last += 1;
      out.write(`${JSON.stringify({ id: last, method, params, ...(sessionId !== undefined && { sessionId }) })}\0`);
      return wait(String(last));
    },
    async next(event, sessionId) {
      await wait(`${event} ${sessionId}`);
    },
  };
}

async function openTab({ send, next }: Connection, url: string): Promise<Tab> {
  const { browserContextId } = await send('Target.createBrowserContext');
  const target = { url: 'about:blank', browserContextId, width: 720, height: 640 };
  const { targetId } = await send('Target.createTarget', target);
  const attached = await send('Target.attachToTarget', { targetId, flatten: true });
  const session = String(attached['sessionId']);
  await send('Page.enable', {}, session);
  const loaded = next('Page.loadEventFired', session);
  await send('Page.navigate', { url }, session);
  await loaded;
  return {
    async evaluate(expression) {
      const asked = { expression, awaitPromise: true, returnByValue: true };
      const { result, exceptionDetails } = await send('Runtime.evaluate', asked, session);
      if (exceptionDetails !== undefined) throw new Error(JSON.stringify(exceptionDetails));
      return (result as { readonly value?: unknown }).value;
    },
    async screenshot() {
      const { data } = await send('Page.captureScreenshot', { format: 'png' }, session);
      return Buffer.from(String(data), 'base64');
    },
  };
}
