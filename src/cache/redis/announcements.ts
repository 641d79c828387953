import type { Redis } from 'ioredis';
import { createLink, type Link, type LinkParts } from './link.ts';

/** A record that was written. */
export interface Written {
  /** The name of its kind. */
  readonly kind: string;
  readonly id: string;
}

/** How instances tell each other which records they wrote: as soon as may be, and without a promise that it arrives. */
export interface Announcements {
  /** Tells the others; waits for nothing. */
  tell(written: readonly Written[]): void;
  /** Whether what others tell arrives, as far as is known. */
  isHeard(): boolean;
  /** Who is told what others wrote; undefined: some of it may have been missed. */
  listen(listener: (written: readonly Written[] | undefined) => void): void;
}

/** What announcements are made of. */
export interface AnnouncementsParts {
  /** By which it is told. */
  readonly link: Pick<Link, 'isUp' | 'offer'>;
  /** A connection that does nothing but listen. */
  readonly client: Redis;
  readonly channel: string;
  /** Names this process among those that listen. */
  readonly instance: string;
  onDown: LinkParts['onDown'];
  onUp: LinkParts['onUp'];
}

/** Announcements by Redis' publish and subscribe, and the link by which they are heard. */
export function createAnnouncements({
  link,
  client,
  channel,
  instance,
  ...listeners
}: AnnouncementsParts): Announcements & { readonly hearing: Link } {
  let listener: (written: readonly Written[] | undefined) => void = () => undefined;
  const hearing = createLink({
    ...listeners,
    client,
    isWatched: true,
    enter: () => client.subscribe(channel),
    onDown(reason) {
      listener(undefined);
      listeners.onDown(reason);
    },
  });
  client.on('message', (_channel: string, text: string) => {
    const message = readMessage(text);
    if (message?.instance !== instance) listener(message?.written);
  });
  return {
    hearing,
    isHeard: () => hearing.isUp(),
    tell(written) {
      if (!link.isUp() || written.length === 0) return;
      // Where it does not arrive, the others learn of it a second later.
      link.offer((publisher) => publisher.publish(channel, messageOf(instance, written)));
    },
    listen(heard) {
      listener = heard;
    },
  };
}

/** What is published: by whom, and what it wrote. */
export function messageOf(instance: string, written: readonly Written[]): string {
  return JSON.stringify([instance, written.map(({ kind, id }) => [kind, id])]);
}

interface Message {
  readonly instance: string;
  readonly written: readonly Written[];
}

/** Undefined for what no instance of this version tells. */
function readMessage(text: string): Message | undefined {
  try {
    const [instance, written] = JSON.parse(text) as [unknown, unknown];
    if (typeof instance !== 'string' || !Array.isArray(written)) return undefined;
    return {
      instance,
      written: written.map(([kind, id]: [unknown, unknown]) => ({ kind: String(kind), id: String(id) })),
    };
  } catch {
    return undefined;
  }
}
