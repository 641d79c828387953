import { EventEmitter, once } from 'node:events';
import { createServer, type RequestListener, type ServerResponse } from 'node:http';
import { type AddressInfo, connect } from 'node:net';
import { Worker } from 'node:worker_threads';

/** Changes that may be done twice on no condition and under no key: asked of one instance alone once they were sent. */
export const changes = [
  ['POST', '/org/create'],
  ['PUT', '/org/update'],
  ['DELETE', '/org/delete?organization_name=acme'],
  ['POST', '/v1/organizations/acme/collections/default/documents'],
  ['DELETE', '/v1/organizations/acme/collections/default/documents/one'],
  ['PATCH', '/v1/organizations/acme/collections/default/documents/one'],
] as const;

/** Two that stand for instances. Ended with their scope. */
async function twoInstances(onCall: RequestListener) {
  const listen = async () => {
    const listener = createServer(onCall);
    await once(listener.listen(0, '127.0.0.1'), 'listening');
    return listener;
  };
  const listeners = [await listen(), await listen()] as const;
  const [first = '', second = ''] = listeners.map(
    (listener) => `http://127.0.0.1:${(listener.address() as AddressInfo).port}`,
  );
  return {
    urls: [first, second] as const,
    async [Symbol.asyncDispose]() {
      for (const listener of listeners) {
        listener.close();
        listener.closeAllConnections();
      }
    },
  };
}

/** Two that stand for instances, of which the first to be called dies of it, or never answers; keeps what reached them. */
export async function dyingInstances({ isSilent = false } = {}) {
  const calls: string[] = [];
  const fields = new Set<string>();
  const instances = await twoInstances(({ method = '', url = '', headers, socket }, response) => {
    calls.push(`${method} ${url}`);
    for (const name of Object.keys(headers)) fields.add(name);
    if (calls.length > 1) response.end('done');
    else if (!isSilent) socket.destroy();
  });
  return { calls, fields, ...instances };
}

/** Two that stand for instances, and answer nothing until they are told to; keeps what reached them. */
export async function waitingInstances() {
  const calls: string[] = [];
  const arrivals = new EventEmitter();
  const held: ServerResponse[] = [];
  const instances = await twoInstances(({ method, url }, response) => {
    calls.push(`${method} ${url}`);
    held.push(response);
    arrivals.emit('call');
  });
  return {
    calls,
    /** Resolves when so many calls have arrived. */
    async have(count: number): Promise<void> {
      while (calls.length < count) await once(arrivals, 'call');
    },
    answerAll() {
      for (const response of held) response.end('done');
    },
    ...instances,
  };
}

/** A thread that listens and accepts nobody. */
const listeningAlone = `
  const { createServer } = require('node:net');
  const { parentPort } = require('node:worker_threads');
  const listener = createServer().listen({ port: 0, host: '127.0.0.1', backlog: 1 }, () => {
    parentPort.postMessage(listener.address().port);
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0);
  });`;

/**
 * Stands for an instance whose machine is gone: who connects hears nothing, neither yes nor no, since the queue of connections is
 * full (listen(2): Linux drops the request then). Ended with its scope.
 */
export async function goneInstance() {
  const thread = new Worker(listeningAlone, { eval: true });
  const [port] = (await once(thread, 'message')) as [number];
  // The system lets one more wait than it was told.
  const waiting = [1, 2].map(() => connect(port, '127.0.0.1'));
  await Promise.all(waiting.map((socket) => once(socket, 'connect')));
  return {
    url: `http://127.0.0.1:${port}`,
    async [Symbol.asyncDispose]() {
      for (const socket of waiting) socket.destroy();
      await thread.terminate();
    },
  };
}
