import { Readable } from 'node:stream';
import type { FastifyRequest } from 'fastify';
import { eventTypes, trails, viewOfEvent } from '../../../events/event.ts';
import { listEvents } from '../../../events/list.ts';
import { beginning, type ChainPosition, verifyEvents } from '../../../events/verify.ts';
import type { SealKeys } from '../../../identity/seal.ts';
import type { Tenancy } from '../../../organizations/tenancy.ts';
import { checkAgainOf, trailOf } from '../../authentication.ts';
import { createEventStreams, streamHeaders } from '../../event-streams.ts';
import type { Server } from '../../framework.ts';
import { cursorAfter, pageParameters, positionOf, readLimit } from '../../paging.ts';
import { EdgeError } from '../../problems.ts';

/** What `GET .../events` takes. */
export const listEventsSchema = {
  querystring: {
    type: 'object',
    properties: {
      type: { type: 'string', enum: eventTypes },
      actor: { type: 'string', minLength: 1, maxLength: 100 },
      from: { type: 'string' },
      to: { type: 'string' },
      after: { type: 'string' },
      direction: { type: 'string', enum: ['ascending', 'descending'] },
      ...pageParameters,
    },
  },
} as const;

/** What `GET .../events/verify` takes. */
export const verifyEventsSchema = {
  querystring: { type: 'object', properties: { cursor: pageParameters.cursor } },
} as const;

/** What `GET .../events/stream` takes. */
export const streamEventsSchema = {
  querystring: { type: 'object', properties: { after: listEventsSchema.querystring.properties.after } },
} as const;

const path = '/v1/organizations/:organization/events';

/** Those of a deleted organization are still the operator's. */
const config = { hasTrail: true } as const;

/** The events of an organization. */
export function eventsRoutes(server: Server, tenancy: Tenancy, keys: SealKeys): void {
  const { records } = tenancy;
  const streams = createEventStreams(tenancy);
  // Before the server waits for what is being answered.
  server.addHook('preClose', async () => streams.close());

  server.get(path, { schema: listEventsSchema, config }, async (request) => {
    const organization = trailOf(request);
    const { limit, cursor, from, to, after, direction = 'ascending', ...filter } = request.query;
    const query = {
      ...filter,
      direction,
      from: readTime('?from', from),
      to: readTime('?to', to),
      after: readNumber('?after', after),
    };
    const list = { name: `events of ${organization}`, filter: query };
    const position = await positionOf<{ after: number }>(keys, list, cursor);
    const page = await listEvents(records, organization, { ...query, ...position, limit: readLimit(limit) });
    const next = page.position === undefined ? undefined : { after: page.position };
    return { data: page.events.map(viewOfEvent), next_cursor: cursorAfter(keys, list, next) };
  });

  server.get(`${path}/verify`, { schema: verifyEventsSchema, config }, async (request) => {
    const organization = trailOf(request);
    const list = { name: `verification of ${organization}`, filter: {} };
    const after = (await positionOf<ChainPosition>(keys, list, request.query.cursor)) ?? beginning;
    const { verified, last, broken = null, isDone } = await verifyEvents(records, organization, after);
    return { verified, last, broken, next_cursor: cursorAfter(keys, list, isDone ? undefined : last) };
  });

  server.get(`${path}/stream`, { schema: streamEventsSchema, config }, async (request, reply) => {
    const organization = trailOf(request);
    const asked = readNumber('?after', request.query.after);
    const after = readNumber('Last-Event-ID', lastEventId(request)) ?? asked;
    const last = (await tenancy.records.get(trails, organization))?.sequence ?? 0;
    if (request.method === 'HEAD') return reply.headers(streamHeaders).send(Readable.from([]));
    // One beyond the last has not happened: an event of that number may come, and is new.
    streams.open(reply, { organization, after: Math.min(after ?? last, last), checkAgain: checkAgainOf(request) });
    // What is open for hours is no work.
    request.turn?.end();
    return reply;
  });
}

/** RFC 3339 with a zone, to milliseconds. */
const timeForm = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(\.\d{1,9})?(Z|[+-]\d{2}:\d{2})$/;

/** The time as events have theirs. @throws {EdgeError} invalid_value */
function readTime(pointer: string, text: string | undefined): string | undefined {
  if (text === undefined) return undefined;
  const time = timeForm.test(text) ? Date.parse(text) : Number.NaN;
  if (!Number.isNaN(time)) return new Date(time).toISOString();
  throw invalid(pointer, 'must be a time such as 2026-11-24T09:30:00Z (RFC 3339), its + written as %2B');
}

/** @throws {EdgeError} invalid_value */
function readNumber(pointer: string, text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  if (/^(0|[1-9]\d{0,11})$/.test(text)) return Number(text);
  throw invalid(pointer, 'must be the sequence of an event, or 0');
}

/** Of a reader that connects again: https://html.spec.whatwg.org/multipage/server-sent-events.html#the-last-event-id-header */
function lastEventId({ headers }: FastifyRequest): string | undefined {
  return headers['last-event-id']?.toString();
}

function invalid(pointer: string, detail: string): EdgeError {
  return new EdgeError('invalid_value', `${pointer} ${detail}`, { faults: [{ pointer, detail }] });
}
