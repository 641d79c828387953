import { createNeighbours } from '../store/neighbours.ts';
import { EdgeError } from './problems.ts';

/**
 * Lets a bounded number of an organization's requests be in work at once, so that one that floods leaves room for the others:
 * each line is an organization's.
 */
export interface OrganizationTurns {
  /**
   * Resolves when it is the request's turn, in the order in which they came.
   *
   * @throws {EdgeError} rate_limited: too many wait already, or its turn did not come in time
   */
  take(line: string): Promise<Turn>;
}

/** A request that is in work. */
export interface Turn {
  /** Ends it; where work of it is under way, as soon as that is over. No work of it begins after. */
  end(): void;
  /**
   * Does work of the request: who hangs up does not make room for another while what he sent is in memory.
   *
   * @throws {EdgeError} bad_request: the turn has ended
   */
  during<T>(work: () => Promise<T>): Promise<T>;
  /**
   * Resolves when the request may have much in memory as values: few of an organization's have. Asked again, it holds.
   *
   * @throws {EdgeError} bad_request: the turn has ended; rate_limited: that did not come in time
   */
  enlarge(): Promise<void>;
}

/** How many have much in memory, such as a large body after all of it arrived: one is read while another is being written. */
const mostLarge = 2;

/** How many wait for each that may be in work, and how many to be refused: past that all are refused at once. */
const waitingShare = 4;

/** How long a request waits for its turn. */
const mostMilliseconds = 5_000;

/** How many of an organization begin in a turn of the event loop: a turn of the loop costs something too. */
const mostInTurn = 2;

/** The same beside others, who wait for all that begins in a turn, where more of it wait than a few callers send. */
const mostBeside = 1;
const fewWaiting = 8;

interface Line {
  working: number;
  /** Of them, those that began in this turn of the event loop. */
  begun: number;
  /** Whether the next turn of the event loop is awaited. */
  isMarked: boolean;
  /** What lets each begin, in their order. */
  readonly waiting: Set<() => void>;
  /** What tells each that it is refused. */
  readonly refused: (() => void)[];
  /** Of those in work, how many have much in memory, and what lets others. */
  large: number;
  readonly waitingLarge: Set<() => void>;
}

/**
 * In a turn of the event loop two of an organization begin, of one that floods beside others one, and one is refused: what
 * was read from many connections at once would otherwise be done before the loop goes on to another's connection, however
 * short each is.
 *
 * @param most requests of one organization in work
 */
export function createOrganizationTurns(most: number): OrganizationTurns {
  const lines = new Map<string, Line>();
  const neighbours = createNeighbours();
  let isShared = false;
  const mostOf = ({ waiting }: Line) => (isShared && waiting.size > fewWaiting ? mostBeside : mostInTurn);
  const hasRoom = (line: Line) => line.working < most && line.begun < mostOf(line);

  function mark(organization: string, line: Line): void {
    if (line.isMarked) return;
    line.isMarked = true;
    setImmediate(goOn, organization, line);
  }

  function begin(organization: string, line: Line): void {
    line.working += 1;
    line.begun += 1;
    isShared = neighbours.see(organization, performance.now());
    mark(organization, line);
  }

  function goOn(organization: string, line: Line): void {
    line.isMarked = false;
    line.begun = 0;
    const refuse = line.refused.shift();
    if (refuse !== undefined) refuse();
    letBegin(organization, line);
    if (line.refused.length > 0) mark(organization, line);
  }

  function letBegin(organization: string, line: Line): void {
    for (const next of line.waiting) {
      if (!hasRoom(line)) return;
      line.waiting.delete(next);
      begin(organization, line);
      next();
    }
    if (line.working === 0 && !line.isMarked && line.refused.length === 0) lines.delete(organization);
  }

  function lineOf(organization: string): Line {
    const line = lines.get(organization) ?? newLine();
    lines.set(organization, line);
    return line;
  }

  return {
    take(organization) {
      const line = lineOf(organization);
      const turn = turnIn(line, () => letBegin(organization, line));
      if (line.waiting.size === 0 && hasRoom(line)) {
        begin(organization, line);
        return Promise.resolve(turn);
      }
      return new Promise((resolve, reject) => {
        if (line.waiting.size >= waitingShare * most) {
          if (line.refused.length >= waitingShare * most) return reject(tooMany());
          line.refused.push(() => reject(tooMany()));
          mark(organization, line);
          return;
        }
        const timer = setTimeout(() => {
          line.waiting.delete(next);
          reject(tooMany());
        }, mostMilliseconds);
        const next = () => {
          clearTimeout(timer);
          resolve(turn);
        };
        line.waiting.add(next);
      });
    },
  };
}

function newLine(): Line {
  return { working: 0, begun: 0, isMarked: false, waiting: new Set(), refused: [], large: 0, waitingLarge: new Set() };
}

function turnIn(line: Line, onOver: () => void): Turn {
  let hasEnded = false;
  let hasLeft = false;
  /** What is under way. */
  let works = 0;
  let large: LargePlace | undefined;
  function leave(): void {
    if (!hasEnded || works > 0 || hasLeft) return;
    hasLeft = true;
    line.working -= 1;
    large?.leave();
    onOver();
  }
  return {
    end() {
      hasEnded = true;
      large?.giveUp(hungUp());
      leave();
    },
    async during(work) {
      if (hasEnded) throw hungUp();
      works += 1;
      try {
        return await work();
      } finally {
        works -= 1;
        leave();
      }
    },
    async enlarge() {
      if (hasEnded) throw hungUp();
      large ??= largePlaceIn(line);
      await large.taken;
    },
  };
}

/** The place of a request among those that have much in memory. */
interface LargePlace {
  readonly taken: Promise<void>;
  /** Waits no longer, where it does. */
  giveUp(error: EdgeError): void;
  /** Hands it on, where it was taken. */
  leave(): void;
}

function largePlaceIn(line: Line): LargePlace {
  const { promise: taken, resolve, reject } = Promise.withResolvers<void>();
  let timer: NodeJS.Timeout | undefined;
  let isTaken = false;
  const take = () => {
    clearTimeout(timer);
    isTaken = true;
    resolve();
  };
  const giveUp = (error: EdgeError) => {
    if (!line.waitingLarge.delete(take)) return;
    clearTimeout(timer);
    reject(error);
  };
  if (line.large < mostLarge) {
    line.large += 1;
    take();
  } else {
    line.waitingLarge.add(take);
    timer = setTimeout(() => giveUp(tooMany()), mostMilliseconds);
  }
  return {
    taken,
    giveUp,
    leave() {
      if (!isTaken) return;
      const [next] = line.waitingLarge;
      if (next === undefined) line.large -= 1;
      else line.waitingLarge.delete(next);
      next?.();
    },
  };
}

/** Told to nobody. */
function hungUp(): EdgeError {
  return new EdgeError('bad_request', 'The caller has hung up');
}

function tooMany(): EdgeError {
  return new EdgeError('rate_limited', 'Too many requests of this organization are in work; try again in 1 s', {
    headers: { 'retry-after': '1' },
  });
}
