import type { Records } from '../store/records.ts';
import { entryId } from '../store/trail.ts';
import { type Event, type EventType, events, keyOf, trails } from './event.ts';

/** Which events of an organization are wanted, and in which direction. */
export interface EventQuery {
  readonly type?: EventType | undefined;
  /** A user's id, or `operator` or `service`. */
  readonly actor?: string | undefined;
  /** RFC 3339 in UTC with milliseconds: not before this. */
  readonly from?: string | undefined;
  /** RFC 3339 in UTC with milliseconds: before this. */
  readonly to?: string | undefined;
  readonly direction: 'ascending' | 'descending';
  /** Only those beyond the event with this number, in the direction. */
  readonly after?: number | undefined;
  /** 1 to 1,000. */
  readonly limit: number;
}

/** Some events in their order. */
export interface EventPage {
  readonly events: readonly Event[];
  /** The number of the last event that was looked at; undefined where no other follows that could be wanted. */
  readonly position: number | undefined;
}

/** Events that are read at once. */
const mostAtOnce = 1_000;

/**
 * A page of an organization's events. Where type and actor are both asked for, 1,000 of the actor's are looked at, so that it
 * may have fewer than the limit, also none, though others follow.
 *
 * @throws {TenantryError} storage_unavailable
 */
export async function listEvents(records: Records, organization: string, query: EventQuery): Promise<EventPage> {
  const { type, actor, direction, limit } = query;
  const start = await startOf(records, organization, query);
  const [index, key] =
    actor !== undefined
      ? (['actor_key', keyOf(organization, actor)] as const)
      : type !== undefined
        ? (['type_key', keyOf(organization, type)] as const)
        : (['organization_id', organization] as const);
  const most = actor !== undefined && type !== undefined ? mostAtOnce : Math.min(limit + 1, mostAtOnce);
  const after = start === undefined ? {} : { after: { key, id: entryId(organization, start) } };
  const read: Event[] = await records.list(events, index, { prefix: key, direction, limit: most, ...after });
  const page: Event[] = [];
  for (const event of read) {
    if (isBeyond(event, query)) return { events: page, position: undefined };
    if (page.length === limit) return { events: page, position: page.at(-1)?.sequence };
    if (type === undefined || event.type === type) page.push(event);
  }
  return { events: page, position: read.length < most ? undefined : read.at(-1)?.sequence };
}

/** The times of a trail never go back: past the first event that is out of the range all others are. */
function isBeyond({ time }: Event, { from, to, direction }: EventQuery): boolean {
  return direction === 'ascending' ? to !== undefined && time >= to : from !== undefined && time < from;
}

/** The number beyond which events may be wanted; undefined where all may. */
async function startOf(
  records: Records,
  organization: string,
  { from, to, direction, after }: EventQuery,
): Promise<number | undefined> {
  const isAscending = direction === 'ascending';
  const time = isAscending ? from : to;
  const first = time === undefined ? undefined : await firstSince(records, organization, time);
  const starts = [after, first === undefined ? undefined : isAscending ? first - 1 : first];
  const given = starts.filter((start) => start !== undefined);
  if (given.length === 0) return undefined;
  return isAscending ? Math.max(...given) : Math.min(...given);
}

/** The number of the first event at or after a time, or of the one that will be the next. */
async function firstSince(records: Records, organization: string, time: string): Promise<number> {
  const trail = await records.get(trails, organization);
  let [low, high] = [1, (trail?.sequence ?? 0) + 1];
  while (low < high) {
    const middle = Math.floor((low + high) / 2);
    const event = await records.get(events, entryId(organization, middle));
    if (event !== undefined && event.time >= time) high = middle;
    else low = middle + 1;
  }
  return low;
}
