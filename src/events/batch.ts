import { type Event, viewOfEvent } from './event.ts';

/** Events that are read at once. */
export const pageSize = 100;

/** Some events in their order, beyond a number, as they are sent. */
export interface Batch {
  readonly frames: readonly { readonly sequence: number; readonly text: string }[];
  readonly bytes: Buffer;
  readonly last: number;
}

/** Some events as they are sent. */
export function batchOf(page: readonly Event[]): Batch {
  const frames = page.map((event) => ({ sequence: event.sequence, text: frameOf(event) }));
  return { frames, bytes: bytesOf(frames), last: frames.at(-1)?.sequence ?? 0 };
}

/** Whether there was no other when it was read. */
export function isLast(batch: Batch | undefined): boolean {
  return batch === undefined || batch.frames.length < pageSize;
}

/** An event as https://html.spec.whatwg.org/multipage/server-sent-events.html has it; JSON has no line feed. */
function frameOf(event: Event): string {
  return `id: ${event.sequence}\nevent: ${event.type}\ndata: ${JSON.stringify(viewOfEvent(event))}\n\n`;
}

/** The bytes of some of them. */
export function bytesOf(frames: Batch['frames']): Buffer {
  return Buffer.from(frames.map(({ text }) => text).join(''));
}
