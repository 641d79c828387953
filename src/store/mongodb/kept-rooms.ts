import type { KeptAnswer, KeptBound, TenantPlace, Write, WriteOutcome } from '../documents.ts';
import { prefixEnd } from '../prefix.ts';
import { type DocumentsGround, repeatedly } from './documents-ground.ts';
import { findKept, keptIdOf, keptIn } from './kept-answers.ts';

/** What is kept for an organization, as this process knows it. */
interface Known {
  answers: number;
  bytes: number;
  /** Of these, what this process has kept since it counted. */
  readonly since: { answers: number; bytes: number };
  /** In milliseconds of `performance.now()`. */
  readonly countedAt: number;
}

/** Where as much is kept as may be, it is counted again after so long: some may be over by then. */
const recountMilliseconds = 10_000;

/** After this share of what may be kept, it is counted again: other instances have kept theirs meanwhile. */
const recountShare = 0.05;

/** Organizations of which it is known. */
const mostKnown = 10_000;

/** How it is looked whether an answer may be kept. */
interface Asked {
  readonly bytes: number;
  readonly within: KeptBound;
  readonly read: () => Promise<KeptBound>;
}

/**
 * Tells whether an organization may keep another answer. What is kept is counted now and then alone, as counting reads it:
 * with several instances the bound may be passed by a twentieth for each but one, and by what is in work.
 */
export class KeptRooms {
  readonly #known = new Map<string, Known>();
  readonly #counts = new Map<string, Promise<Known>>();
  readonly #elapsed: () => number;

  constructor(elapsed: () => number = () => performance.now()) {
    this.#elapsed = elapsed;
  }

  /** Takes room for an answer of so many bytes; false where there is none. */
  async take(organization: string, { bytes, within, read }: Asked): Promise<boolean> {
    const fits = (known: Known) => known.answers < within.answers && known.bytes + bytes <= within.bytes;
    let known = this.#known.get(organization);
    if (known === undefined || isStale(known, within) || (!fits(known) && this.#isOld(known))) {
      known = await this.#count(organization, read);
    }
    if (!fits(known)) return false;
    for (const tally of [known, known.since]) {
      tally.answers += 1;
      tally.bytes += bytes;
    }
    return true;
  }

  #isOld({ countedAt }: Known): boolean {
    return this.#elapsed() - countedAt >= recountMilliseconds;
  }

  /** Those that ask at once are told the same count. */
  #count(organization: string, read: Asked['read']): Promise<Known> {
    const running = this.#counts.get(organization);
    if (running !== undefined) return running;
    const countedAt = this.#elapsed();
    const begun = read()
      .then(({ answers, bytes }) => {
        const known = { answers, bytes, since: { answers: 0, bytes: 0 }, countedAt };
        this.#known.delete(organization);
        this.#known.set(organization, known);
        const [oldest] = this.#known.keys();
        if (oldest !== undefined && this.#known.size > mostKnown) this.#known.delete(oldest);
        return known;
      })
      .finally(() => this.#counts.delete(organization));
    this.#counts.set(organization, begun);
    return begun;
  }
}

function isStale({ since }: Known, { answers, bytes }: KeptBound): boolean {
  return since.answers >= Math.max(1, answers * recountShare) || since.bytes >= Math.max(1, bytes * recountShare);
}

/** What a write is told whose answer cannot be kept; undefined where it can, or there is none. */
export async function refuseKeeping(
  ground: DocumentsGround,
  place: TenantPlace,
  { keep, keepWithin: within, now = new Date() }: Write,
  end: number,
): Promise<WriteOutcome | undefined> {
  if (keep === undefined || within === undefined) return undefined;
  const bytes = Buffer.byteLength(keep.answer);
  const read = () => repeatedly(ground, () => countKept(ground, place, { within, now }), end);
  if (await ground.keptRooms.take(place.organization, { bytes, within, read })) return undefined;
  const kept = await findKept(ground, place, keep.id, end);
  return { result: kept !== undefined && isAlive(kept, now) ? 'kept' : 'unkept' };
}

function isAlive({ expires_at }: KeptAnswer, now: Date): boolean {
  return Date.parse(expires_at) > now.getTime();
}

interface Counting {
  readonly within: KeptBound;
  readonly now: Date;
}

/** Counts the answers of an organization whose time is not over, as far as the bound. */
async function countKept(ground: DocumentsGround, place: TenantPlace, { within, now }: Counting): Promise<KeptBound> {
  const prefix = keptIdOf(place, '');
  const own = { _id: { $gte: prefix, $lt: prefixEnd(prefix) }, expires_at: { $gt: now } };
  const sums = { answers: { $sum: 1 }, bytes: { $sum: { $strLenBytes: '$answer' } } };
  const steps = [{ $match: own }, { $limit: within.answers + 1 }, { $group: { _id: null, ...sums } }];
  const [counted] = await keptIn(ground).aggregate<KeptBound>(steps).toArray();
  return counted ?? { answers: 0, bytes: 0 };
}
