import { patienceMilliseconds } from './broker.ts';

/** The messages of a link that the broker has not confirmed yet. */
export interface Unconfirmed {
  /** Aborted when the link is broken. */
  readonly broken: AbortSignal;
  /**
   * Sends a message, which is unconfirmed until `settle` is called, with what is wrong where the broker refuses it.
   *
   * @returns what rejects with that, or with why the link broke
   */
  send(send: (settle: (wrong?: unknown) => void) => void): Promise<void>;
  /** Breaks the link, once: rejects all that is unconfirmed. */
  breakOff(reason: unknown): void;
  /** Whether the broker has said that it takes nothing for now: then it has all the time that it wants. */
  hold(isHeld: boolean): void;
}

interface Sent {
  readonly at: number;
  reject(reason: unknown): void;
}

const lookMilliseconds = 1_000;

/** Breaks the link by itself where a message is not confirmed within `patienceMilliseconds`. */
export function createUnconfirmed(): Unconfirmed {
  const breaking = new AbortController();
  // The oldest first.
  const sent = new Set<Sent>();
  let heldUntil = 0;
  let isHeld = false;

  function look(): void {
    const now = performance.now();
    if (isHeld) heldUntil = now;
    const [oldest] = sent;
    if (oldest === undefined || now - Math.max(oldest.at, heldUntil) < patienceMilliseconds) return;
    breakOff(new Error(`the broker did not confirm a message within ${patienceMilliseconds / 1_000} s`));
  }

  const looking = setInterval(look, lookMilliseconds);

  function breakOff(reason: unknown): void {
    if (breaking.signal.aborted) return;
    clearInterval(looking);
    breaking.abort(reason);
    for (const { reject } of sent) reject(reason);
    sent.clear();
  }

  return {
    broken: breaking.signal,
    breakOff,
    send: (send) =>
      new Promise((resolve, reject) => {
        breaking.signal.throwIfAborted();
        const message: Sent = { at: performance.now(), reject };
        sent.add(message);
        send((wrong) => {
          sent.delete(message);
          if (wrong === undefined || wrong === null) resolve();
          else reject(wrong);
        });
      }),
    hold(held) {
      isHeld = held;
      look();
    },
  };
}
