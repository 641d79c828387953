import { type Event, events } from '../events/event.ts';
import { type RelayPosition, relayPositions } from '../events/relay-position.ts';
import { paceFor } from '../store/slices.ts';
import { entryId, isOver, type Trail } from '../store/trail.ts';
import { messageOf } from './cloud-event.ts';
import type { RelayGround } from './relay.ts';
import { type Progress, settleProgress } from './settle.ts';

/** Events of a trail that are read at once; then others have their turn. */
const pageSize = 50;

/**
 * Trails that one commit is about. Of a shared database it is one: where a process dies over a commit, the server keeps what
 * was written by then until others find the process dead, and all who write to these trails would wait for it.
 */
const settledAtOnce = 32;

/** What is left of trails: nothing; events that cannot be seen yet; events that may be handed on at once. */
export type Left = 'nothing' | 'unseen' | 'more';

/** What became of a trail. */
interface HandedOn extends Progress {
  /** Whether there is something to store. */
  readonly isFurther: boolean;
  readonly left: Left;
}

/**
 * Hands on some events of each of these trails at once, and stores how far it came: also where the broker took some of them
 * alone.
 *
 * @returns what is left of any
 * @throws what the broker or the storage failed with
 */
export async function handOnTrails(ground: RelayGround, waiting: readonly Trail[]): Promise<Left> {
  const { records, isShared, reach } = ground;
  const ids = waiting.map(({ id }) => id);
  const positions = new Map((await records.getMany(relayPositions, ids)).map((position) => [position.id, position]));
  const failed: unknown[] = [];
  const handedOn = await Promise.all(
    waiting.map((trail) => handOn(ground, trail, { position: positions.get(trail.id), failed })),
  );
  reach('relay.published');
  await settleProgress(
    records,
    handedOn.filter(({ isFurther }) => isFurther),
    isShared ? 1 : settledAtOnce,
  );
  reach('relay.settled');
  if (failed.length > 0) throw failed[0];
  return handedOn.reduce<Left>((left, trail) => mostOf(left, trail.left), 'nothing');
}

/** What is left of both. */
export function mostOf(one: Left, other: Left): Left {
  if (one === 'more' || other === 'nothing') return one;
  return other;
}

async function handOn(
  ground: RelayGround,
  trail: Trail,
  { position, failed }: { readonly position: RelayPosition | undefined; readonly failed: unknown[] },
): Promise<HandedOn> {
  const { records, signal, link, watch } = ground;
  const start = Math.max(trail.relayed ?? 0, position?.sequence ?? 0);
  let sequence = start;
  let isUnseen = false;
  try {
    await paceFor(trail.id).next();
    const page: Event[] = await records.list(events, 'organization_id', {
      prefix: trail.id,
      limit: pageSize,
      after: { key: trail.id, id: entryId(trail.id, start) },
    });
    for (const event of page) {
      if (signal.aborted || link.broken.aborted) break;
      await publish(ground, event);
      ({ sequence } = event);
      watch.onPublished();
    }
    if (page.length === 0 && start < trail.sequence) {
      // Retention removes those of a trail whose time is over, and no others. Others are there, but after a failover a server
      // may show what stood before they were written, though the trail was read after it.
      if (isOver(trail, ground.now())) ({ sequence } = trail);
      else isUnseen = true;
    }
  } catch (error) {
    failed.push(error);
  }
  const isAtEnd = sequence >= trail.sequence;
  const left = isUnseen ? 'unseen' : isAtEnd ? 'nothing' : 'more';
  return { trail: trail.id, position, sequence, isFurther: sequence > start || isAtEnd, left };
}

/** Publishes an event, in the trace of the call that brought it about. */
async function publish({ link, source, broker, tracer }: RelayGround, event: Event): Promise<void> {
  const { id, type, organization_id, traceparent } = event;
  const message = messageOf(event, source);
  if (tracer === undefined || traceparent === undefined) return await link.publish(message);
  const attributes = {
    'messaging.system': broker.system,
    'messaging.operation.type': 'send',
    'messaging.operation.name': 'publish',
    'messaging.message.id': id,
    'tenantry.organization': organization_id,
  };
  const span = tracer.begin(`publish ${type}`, { kind: 'producer', attributes, carried: { traceparent } });
  try {
    await span.within(() => link.publish(message));
  } catch (error) {
    span.fail('unconfirmed');
    throw error;
  } finally {
    span.end();
  }
}
