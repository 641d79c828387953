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
  during<T>(work: () => T | Promise<T>): Promise<T>;
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
  readonly organization: string;
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

  function mark(line: Line): void {
    if (line.isMarked) return;
    line.isMarked = true;
    setImmediate(goOn, line);
  }

  function begin(line: Line): void {
    line.working += 1;
    line.begun += 1;
    isShared = neighbours.see(line.organization, performance.now());
    mark(line);
  }

  function goOn(line: Line): void {
    line.isMarked = false;
    line.begun = 0;
    const refuse = line.refused.shift();
    if (refuse !== undefined) refuse();
    letBegin(line);
    if (line.refused.length > 0) mark(line);
  }

  function letBegin(line: Line): void {
    for (const next of line.waiting) {
      if (!hasRoom(line)) return;
      line.waiting.delete(next);
      begin(line);
      next();
    }
    if (line.working === 0 && !line.isMarked && line.refused.length === 0) lines.delete(line.organization);
  }

  function lineOf(organization: string): Line {
    let line = lines.get(organization);
    if (line === undefined) {
      line = newLine(organization);
      lines.set(organization, line);
    }
    return line;
  }

  return {
    take(organization) {
      const line = lineOf(organization);
      const turn = new TurnInLine(line, letBegin);
      if (line.waiting.size === 0 && hasRoom(line)) {
        begin(line);
        return Promise.resolve(turn);
      }
      return new Promise((resolve, reject) => {
        if (line.waiting.size >= waitingShare * most) {
          if (line.refused.length >= waitingShare * most) return reject(tooMany());
          line.refused.push(() => reject(tooMany()));
          mark(line);
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

function newLine(organization: string): Line {
  return {
    organization,
    working: 0,
    begun: 0,
    isMarked: false,
    waiting: new Set(),
    refused: [],
    large: 0,
    waitingLarge: new Set(),
  };
}

class TurnInLine implements Turn {
  readonly #line: Line;
  /** Called when it makes room. */
  readonly #onOver: (line: Line) => void;
  #hasEnded = false;
  #hasLeft = false;
  /** What is under way. */
  #works = 0;
  #large: LargePlace | undefined;

  constructor(line: Line, onOver: (line: Line) => void) {
    this.#line = line;
    this.#onOver = onOver;
  }

  end(): void {
    this.#hasEnded = true;
    this.#large?.giveUp(hungUp());
    this.#leave();
  }

  async during<T>(work: () => T | Promise<T>): Promise<T> {
    if (this.#hasEnded) throw hungUp();
    this.#works += 1;
    try {
      return await work();
    } finally {
      this.#works -= 1;
      this.#leave();
    }
  }

  async enlarge(): Promise<void> {
    if (this.#hasEnded) throw hungUp();
    this.#large ??= largePlaceIn(this.#line);
    await this.#large.taken;
  }

  #leave(): void {
    if (!this.#hasEnded || this.#works > 0 || this.#hasLeft) return;
    this.#hasLeft = true;
    this.#line.working -= 1;
    this.#large?.leave();
    this.#onOver(this.#line);
  }
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
