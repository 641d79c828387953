import { type Event, events } from '../events/event.ts';
import { type RelayPosition, relayPositions } from '../events/relay-position.ts';
import { paceFor } from '../store/slices.ts';
import { entryId, type Trail } from '../store/trail.ts';
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

/** What became of a trail. */
interface HandedOn extends Progress {
  /** Whether there is something to store. */
  readonly isFurther: boolean;
  /** Whether there may be more events. */
  readonly isLeft: boolean;
}

/**
 * Hands on some events of each of these trails at once, and stores how far it came: also where the broker took some of them
 * alone.
 *
 * @returns whether there may be more
 * @throws what the broker or the storage failed with
 */
export async function handOnTrails(ground: RelayGround, waiting: readonly Trail[]): Promise<boolean> {
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
  return handedOn.some(({ isLeft }) => isLeft);
}

async function handOn(
  ground: RelayGround,
  trail: Trail,
  { position, failed }: { readonly position: RelayPosition | undefined; readonly failed: unknown[] },
): Promise<HandedOn> {
  const { records, signal, link, watch } = ground;
  const start = Math.max(trail.relayed ?? 0, position?.sequence ?? 0);
  let sequence = start;
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
    // Retention has removed them: nothing is left to be handed on.
    if (page.length === 0) ({ sequence } = trail);
  } catch (error) {
    failed.push(error);
  }
  const isAtEnd = sequence >= trail.sequence;
  return { trail: trail.id, position, sequence, isFurther: sequence > start || isAtEnd, isLeft: !isAtEnd };
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
