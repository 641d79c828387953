import { listEventsSchema, streamEventsSchema } from '../routes/v1/events.ts';
import { type Call, pageQuery } from './call.ts';
import { faultOf, organizationCallFails, wrongLimit } from './call-fails.ts';
import { schemaNamed } from './schema.ts';

const path = '/v1/organizations/{organization}/events';

const { type, actor, direction } = listEventsSchema.querystring.properties;

const time = { type: 'string', format: 'date-time' } as const;

const gone =
  'Those of a deleted organization are kept for the operator, by its id, for 400 days unless another time is set.';

const after = {
  name: 'after',
  schema: { ...streamEventsSchema.querystring.properties.after, pattern: '^(0|[1-9]\\d{0,11})$' },
} as const;

/** What of an event is in examples. */
const exampleOfEvent = {
  id: 'org_01kb1p3zj0f4mv2t8c6y5r9wqe.000000000002',
  organization_id: 'org_01kb1p3zj0f4mv2t8c6y5r9wqe',
  sequence: 2,
  time: '2026-11-24T09:30:00.000Z',
  type: 'collection.created',
  actor: { type: 'operator', id: null },
  request_id: '3f0e8a52-6a31-4c0f-9d0c-5a8f0f5f2b11',
  data: { name: 'invoices' },
  personal: { address: '192.0.2.9' },
  personal_salt: '9f86d081884c7d659a2feaa0c55ad015',
  personal_digest: 'a3bf4f1b2b0b822cd15d6c15b0f00a089f86d081884c7d659a2feaa0c55ad015',
  previous_hash: 'b5d4045c3f466fa91fe2cc6abe79232a1a57cdf104f7a26e716e0a1e2789df78',
  hash: '2c26b46b68ffc68ff99b453c1d30413413422d706483bfa0f98a5e886266e7ae',
} as const;

/** The calls about events. */
export const eventCalls: readonly Call[] = [
  {
    method: 'get',
    path,
    tag: 'Events',
    id: 'listEvents',
    summary: 'List events',
    description: `Lists what happened to the organization: who did what, when and from where. Each event is written in the commit of what it tells of, numbered without a gap, and chained to the one before. Changes of documents are no events. ${gone} With \`type\` and \`actor\` together a page may have fewer events than \`limit\`, also none; the last one has no \`next_cursor\`.`,
    query: [
      { name: 'type', description: 'Only events of this type.', schema: type, example: 'collection.created' },
      {
        name: 'actor',
        description: "Only what this one did: a user's id, or `operator`, `anonymous` or `service`.",
        schema: actor,
      },
      { name: 'from', description: 'Only events of this time or later: RFC 3339.', schema: time },
      { name: 'to', description: 'Only events before this time: RFC 3339.', schema: time },
      {
        ...after,
        description:
          'Only events beyond the one with this sequence, in the direction: who asks from time to time gives the last that they have.',
      },
      {
        name: 'direction',
        description: 'From the first or from the last; `ascending` unless given.',
        schema: { ...direction, default: 'ascending' },
      },
      ...pageQuery,
    ],
    success: {
      status: 200,
      description: 'A page.',
      mediaType: 'application/json',
      schema: schemaNamed('EventPage'),
      example: {
        data: [exampleOfEvent],
        next_cursor: null,
      },
    },
    errors: { ...organizationCallFails, invalid_value: wrongLimit },
  },
  {
    method: 'get',
    path: `${path}/stream`,
    tag: 'Events',
    id: 'streamEvents',
    summary: 'Follow events',
    description: `Sends events as they come, each once and in order, as \`text/event-stream\` (https://html.spec.whatwg.org/multipage/server-sent-events.html): \`id\` is the event's \`sequence\`, \`event\` its \`type\`, \`data\` its JSON as the list has it. It begins after the last event that there is, or after the one that \`Last-Event-ID\` or \`after\` names. Every 15 seconds without one there is a comment. It ends when the token does, when the service stops, and when 1 MiB waits for a reader who takes too little: connect again with the last \`id\`. ${gone} An instance has 1,000 readers at most; past it the answer is 503.`,
    resumable: true,
    query: [{ ...after, description: 'Only events beyond the one with this sequence: with `0` all, from the first.' }],
    success: {
      status: 200,
      description: 'The stream, which does not end by itself.',
      mediaType: 'text/event-stream',
      schema: { type: 'string' },
      example: `retry: 1000\n\nid: 2\nevent: collection.created\ndata: ${JSON.stringify(exampleOfEvent)}\n\n`,
    },
    errors: {
      ...organizationCallFails,
      invalid_value: faultOf('Last-Event-ID', 'must be the sequence of an event, or 0'),
      busy: { detail: 'Too many are reading events as they come; try again later' },
      stopping: undefined,
    },
  },
  {
    method: 'get',
    path: `${path}/verify`,
    tag: 'Events',
    id: 'verifyEvents',
    summary: 'Verify the chain of events',
    description: `Walks the events of the organization from the first one: that none is missing, that each is hashed from what it says and from the hash of the one before, and that they end where they were written to end. ${gone} One call looks at some thousands, or at as many as it has time for; \`next_cursor\` goes on.`,
    query: [
      {
        name: 'cursor',
        description: 'The `next_cursor` of the call before. It is good for half an hour at least.',
        schema: listEventsSchema.querystring.properties.cursor,
      },
    ],
    success: {
      status: 200,
      description: 'What was found.',
      mediaType: 'application/json',
      schema: schemaNamed('VerifiedEvents'),
      example: {
        verified: 3,
        last: { sequence: 3, hash: '2c26b46b68ffc68ff99b453c1d30413413422d706483bfa0f98a5e886266e7ae' },
        broken: null,
        next_cursor: null,
      },
    },
    errors: {
      ...organizationCallFails,
      invalid_value: faultOf('?cursor', 'must be the next_cursor of a page of this list; begin again without it'),
    },
  },
];
