import type { Quota, Usage } from '../documents.ts';
import { sumOf } from './slots.ts';

/** What a write takes of a quota: what is removed makes room only once it is. */
export function growthOf({ documents, bytes }: Usage): Usage {
  return { documents: Math.max(0, documents), bytes: Math.max(0, bytes) };
}

/** A write that adds to an organization with a quota, while it is in work. */
interface Reservation {
  readonly added: Usage;
  readonly done: Promise<void>;
}

/** What the gate tells of a write: it may go on, and when it is over `release` is called; or which quota it would pass. */
export type Admission =
  | { readonly passed?: undefined; readonly release: () => void }
  | { readonly passed: keyof Quota; readonly usage: Usage };

/** What is asked of the gate. */
interface Asked {
  readonly added: Usage;
  readonly quota: Quota;
  readonly read: () => Promise<Usage | undefined>;
  /** Whether it waits, where it does not fit beside those in work; it does unless told otherwise. */
  readonly isPatient?: boolean;
}

interface Look {
  readonly usage: Usage | undefined;
  readonly others: readonly Reservation[];
}

/** An organization's writes in work, and what is being found of them by who reads what is counted. */
interface Line {
  readonly inWork: Set<Reservation>;
  readonly looks: Set<Set<Reservation>>;
}

/**
 * Lets the writes of this process into an organization as long as all that are in work fit into its quota together; near
 * the quota they go one after the other. What other instances have in work is not known.
 */
export class QuotaGate {
  readonly #lines = new Map<string, Line>();

  /** @param read gives what the slots count now, or undefined where they are not those of the place */
  async admit(organization: string, { added, quota, read, isPatient = true }: Asked): Promise<Admission | undefined> {
    const bounded = (['documents', 'bytes'] as const).filter((name) => quota[name] !== undefined && added[name] > 0);
    if (bounded.length === 0) return { release: () => {} };
    for (;;) {
      const { usage, others } = await this.#look(organization, read);
      if (usage === undefined) return undefined;
      const total = sumOf([usage, added, ...others.map((other) => growthOf(other.added))]);
      const passed = bounded.find((name) => total[name] > (quota[name] ?? Number.POSITIVE_INFINITY));
      if (passed === undefined) return { release: this.#enter(organization, added) };
      if (others.length === 0 || !isPatient) return { passed, usage };
      await Promise.all(others.map(({ done }) => done));
    }
  }

  /** What is counted, and what was in work at any time meanwhile: that may be counted already, or not. */
  async #look(organization: string, read: Asked['read']): Promise<Look> {
    const line = this.#lines.get(organization) ?? { inWork: new Set(), looks: new Set() };
    this.#lines.set(organization, line);
    const seen = new Set(line.inWork);
    line.looks.add(seen);
    try {
      return { usage: await read(), others: [...seen] };
    } finally {
      line.looks.delete(seen);
      this.#leave(organization, line);
    }
  }

  #enter(organization: string, added: Usage): () => void {
    const { promise: done, resolve } = Promise.withResolvers<void>();
    const reservation = { added, done };
    const line = this.#lines.get(organization) ?? { inWork: new Set(), looks: new Set() };
    this.#lines.set(organization, line);
    line.inWork.add(reservation);
    for (const seen of line.looks) seen.add(reservation);
    return () => {
      line.inWork.delete(reservation);
      this.#leave(organization, line);
      resolve();
    };
  }

  #leave(organization: string, line: Line): void {
    if (line.inWork.size + line.looks.size === 0) this.#lines.delete(organization);
  }
}
