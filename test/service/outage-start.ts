import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { after } from 'node:test';
import { environment, type GivenSettings, launcher } from './service.ts';

/** A start of the service that waits for its server. Killed at the end of its scope, if it runs then. */
export interface WaitingStart extends AsyncDisposable {
  readonly process: ChildProcess;
  /** Resolves when it has said that the server does not answer yet. */
  readonly waits: Promise<void>;
  /** Resolves with its address when it listens. */
  readonly listens: Promise<string>;
  readonly ended: Promise<number | null>;
}

const running = new Set<ChildProcess>();

after(() => {
  for (const child of running) child.kill('SIGKILL');
});

/** Starts the service and does not wait for it. */
export function beginStart(directory: string, settings: GivenSettings): WaitingStart {
  const child = spawn(process.execPath, [launcher, 'start'], { env: environment(directory, settings) });
  running.add(child);
  const ended = once(child, 'exit').then(([code]) => {
    running.delete(child);
    return typeof code === 'number' ? code : null;
  });
  const said = async (stream: NodeJS.ReadableStream, what: RegExp) => {
    let text = '';
    for await (const chunk of stream) {
      text += chunk;
      const found = what.exec(text);
      if (found !== null) return found[1] ?? '';
    }
    throw new Error(`the start ended before it said ${what}: ${text}`);
  };
  const waits = said(child.stdout, /does not answer yet/).then(() => undefined);
  const listens = said(child.stderr, /^ {2}API +(http:\/\/\S+)\n(?:.*\n)*.*Ready in.*\n/m);
  // Whether it is awaited depends on the test.
  for (const promise of [waits, listens]) promise.catch(() => {});
  return {
    process: child,
    waits,
    listens,
    ended,
    async [Symbol.asyncDispose]() {
      child.kill('SIGKILL');
      await ended;
    },
  };
}
