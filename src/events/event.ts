import { randomBytes } from 'node:crypto';
import { type Append, append, defineKind } from '../store/records.ts';
import { type Entry, type NewEntry, personalDigest, type Trail } from '../store/trail.ts';
import type { Actor, Origin } from './origin.ts';

/** Everything that is told of an organization; what each has in `data` and `personal` is in docs/events.md. */
export const eventTypes = [
  'organization.created',
  'organization.renamed',
  'organization.quotas_changed',
  'organization.limits_changed',
  'organization.deleted',
  'organization.erased',
  'user.email_changed',
  'user.password_changed',
  'user.signed_in',
  'user.sign_in_failed',
  'collection.created',
  'collection.deleted',
  'collection.erased',
] as const;

/** What happened. */
export type EventType = (typeof eventTypes)[number];

/** A fact about an organization, as it stands in its trail. */
export interface Event extends Entry {
  readonly type: EventType;
  /** `keyOf` the type. */
  readonly type_key: string;
  readonly actor: Actor;
  /** `keyOf` the actor. */
  readonly actor_key: string;
  /** `X-Request-Id` of the call; null where the service did it by itself. */
  readonly request_id: string | null;
  /** What it is about; `before` and `after` where something changed. Nothing about people, and no secret. */
  readonly data: EventData;
  /** `Origin`'s, where the call was traced: for the broker alone, and no part of what is said. */
  readonly traceparent?: string;
}

/** Names and values of JSON. */
export type EventData = Readonly<Record<string, unknown>>;

/** What happened, for `recording`. */
export interface Happening {
  readonly type: EventType;
  readonly data?: EventData;
  /** What of it is about people, such as an email. */
  readonly personal?: EventData;
  /** From when the trail may be removed, which ends with this: RFC 3339. */
  readonly expires_at?: string;
}

/** The kind of record that events are. */
export const events = defineKind<Event>()('events', {
  organization_id: 'many',
  type_key: 'many',
  actor_key: 'many',
});

/** The kind of record that the ends of organizations' trails are. */
export const trails = defineKind<Trail>()('trails', { expires_at: 'many', pending_since: 'many' });

const kinds = { entries: events, trails };

/** The change that tells of something, for the commit that does it. */
export function recording(
  { actor, email, address, request_id, traceparent }: Origin,
  organization_id: string,
  { type, data = {}, personal = {}, expires_at }: Happening,
  now: Date,
): Append {
  const event: NewEntry<Event> = {
    organization_id,
    time: now.toISOString(),
    type,
    type_key: keyOf(organization_id, type),
    actor,
    actor_key: keyOf(organization_id, actor.id ?? actor.type),
    request_id,
    data,
    ...(traceparent !== undefined && { traceparent }),
    ...personalOf({ ...(email && { actor_email: email }), ...(address && { address }), ...personal }),
  };
  return append(kinds, event, expires_at);
}

/** Some bytes of salt: as many as keep two equal values from being told by their digests. */
const saltBytes = 16;

function personalOf(personal: EventData): Pick<Entry, 'personal' | 'personal_salt' | 'personal_digest'> {
  if (Object.keys(personal).length === 0) return { personal: null, personal_salt: null, personal_digest: null };
  const personal_salt = randomBytes(saltBytes).toString('hex');
  return { personal, personal_salt, personal_digest: personalDigest(personal_salt, personal) };
}

/** What events of an organization are found by. @param value a type, or of an actor the user's id or else the type */
export function keyOf(organization: string, value: string): string {
  return `${organization}/${value}/`;
}

/** Whether what stands of people is what the chain has the digest of; also where it was removed. */
export function isPersonalTrue({ personal, personal_salt, personal_digest }: Event): boolean {
  if (personal === null && personal_salt === null) return true;
  if (personal === null || personal_salt === null || personal_digest === null) return false;
  return personalDigest(personal_salt, personal) === personal_digest;
}

/** An event as it is shown: with everything that its hash is made of. */
export type EventView = Omit<Event, 'version' | 'type_key' | 'actor_key' | 'traceparent'>;

/** Shows an event. */
export function viewOfEvent(event: Event): EventView {
  const { id, organization_id, sequence, time, type, actor, request_id, data } = event;
  const { personal, personal_salt, personal_digest, previous_hash, hash } = event;
  const said = { id, organization_id, sequence, time, type, actor, request_id, data };
  return { ...said, personal, personal_salt, personal_digest, previous_hash, hash };
}
