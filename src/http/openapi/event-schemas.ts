import { eventTypes } from '../../events/event.ts';
import { answer, pageOf, type Schema, shownTime } from './schema.ts';

const hash = { type: 'string', pattern: '^[0-9a-f]{64}$' } as const;
const sequence = { type: 'integer', minimum: 1, description: 'From 1 for each organization, without a gap.' } as const;

/** The schemas of `components` that are about events. */
export const eventSchemas: Readonly<Record<string, Schema>> = {
  EventPage: pageOf('Event'),
  Event: answer({
    id: { type: 'string', description: "The organization's id, a dot and the sequence in 12 digits." },
    organization_id: { type: 'string' },
    sequence,
    time: { ...shownTime, description: `${shownTime.description} It is never before that of the event before.` },
    type: { type: 'string', enum: eventTypes, description: 'What happened.' },
    actor: answer({
      type: { type: 'string', enum: ['user', 'operator', 'anonymous', 'service'] },
      id: { type: ['string', 'null'], description: "The user's; null of the others." },
    }),
    request_id: {
      type: ['string', 'null'],
      description: '`X-Request-Id` of the call; null where the service did it by itself.',
    },
    data: { type: 'object', description: 'What it is about; `before` and `after` where something changed.' },
    personal: {
      type: ['object', 'null'],
      description: 'What of it is about people, such as emails and addresses; null where there is none, or no more.',
    },
    personal_salt: { type: ['string', 'null'], description: 'Comes before `personal` in its digest.' },
    personal_digest: {
      ...hash,
      type: ['string', 'null'],
      description:
        'SHA-256 of the salt and the canonical JSON (RFC 8785) of `personal`. It stays where that is removed.',
    },
    previous_hash: { ...hash, description: 'Of the event before; of the first one zeros.' },
    hash: {
      ...hash,
      description: 'SHA-256 of the canonical JSON of all members but `id`, `personal`, `personal_salt` and `hash`.',
    },
  }),
  VerifiedEvents: answer({
    verified: { type: 'integer', minimum: 0, description: 'How many events this call found right.' },
    last: answer({
      sequence: { type: 'integer', minimum: 0, description: 'Up to where they are right; 0 before the first.' },
      hash,
    }),
    broken: {
      ...answer({
        sequence,
        reason: { type: 'string', enum: ['missing', 'changed', 'not_chained', 'personal_changed', 'end_changed'] },
      }),
      type: ['object', 'null'],
      description: 'The first that is not right, and how; null where all are.',
    },
    next_cursor: {
      type: ['string', 'null'],
      description: 'For `cursor` of the next call; null where all were looked at.',
    },
  }),
};
