import assert from 'node:assert/strict';
import type { ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { recording } from '../src/events/event.ts';
import type { Records } from '../src/store/records.ts';
import type { Engine } from './contract/engine.ts';
import { openStream, type StreamAsk, type Streamed, type StreamReader } from './event-stream.ts';
import { openEdge, type TestEdge, type TestSettings } from './http-edge.ts';
import { byTest, signUp, type TestAdmin, type TestTenancy } from './tenancy.ts';

/** The operator's token of these servers. */
export const operatorToken = 'o'.repeat(32);

/** A server that listens, with an organization. */
export interface StreamGround extends AsyncDisposable {
  readonly edge: TestEdge;
  readonly opened: TestTenancy;
  readonly port: number;
  readonly acme: TestAdmin;
  readonly id: string;
  readonly path: string;
  /** The answers of all requests so far. */
  readonly answers: readonly ServerResponse[];
  read(query?: string, ask?: Partial<StreamAsk>): Promise<StreamReader>;
  /** Appends events, several in one commit. */
  append(count: number, data?: object): Promise<void>;
}

/** Changes that tell of something. */
export async function appendTo(records: Records, id: string, count: number, data: object = {}): Promise<void> {
  const happening = { type: 'collection.created', data: { name: 'things', ...data } } as const;
  const made = Array.from({ length: count }, () => recording(byTest, id, happening, new Date()));
  assert.deepEqual(await records.commit(made), { result: 'done' });
}

/** The numbers of events. */
export const sequencesOf = (streamed: readonly Streamed[]) => streamed.map(({ id }) => Number(id));

/** Numbers without a gap. */
export const upTo = (last: number, first = 1) => Array.from({ length: last - first + 1 }, (_, index) => first + index);

/** Opens a ground: `await using ground = await openStreams(engine)`. */
export async function openStreams(engine: Engine, settings: TestSettings = {}): Promise<StreamGround> {
  const edge = await openEdge({ OPERATOR_TOKEN: operatorToken, RATE_LIMIT: 'off', ...settings }, { engine });
  const { opened, server } = edge;
  await server.listen({ port: 0, host: '127.0.0.1' });
  const answers: ServerResponse[] = [];
  server.server.on('request', (_request, answer: ServerResponse) => answers.push(answer));
  const { port } = server.server.address() as AddressInfo;
  const acme = await signUp(opened.tenancy, 'Acme');
  const id = acme.caller.organization_id;
  const path = `/v1/organizations/${id}/events/stream`;
  return {
    edge,
    opened,
    port,
    acme,
    id,
    path,
    answers,
    read: (query = '', ask = {}) => openStream(port, path + query, { token: acme.token, ...ask }),
    append: (count, data) => appendTo(opened.tenancy.records, id, count, data),
    [Symbol.asyncDispose]: () => edge[Symbol.asyncDispose](),
  };
}
