import { EdgeError } from './problems.ts';

/**
 * Lets a bounded number of an organization's requests be in work at once, so that one that floods leaves room for the others:
 * each line is an organization's.
 */
export interface OrganizationTurns {
  /**
   * Resolves when it is the request's turn, in the order in which they came.
   *
   * @returns ends the turn
   * @throws {EdgeError} rate_limited: too many wait already, or its turn did not come in time
   */
  take(line: string): Promise<() => void>;
}

/** How many wait for each that may be in work. */
const waitingShare = 4;

/** How long a request waits for its turn. */
const mostMilliseconds = 5_000;

/**
 * How many of an organization begin in one turn of the event loop: what is read from many connections at once is done
 * before the loop goes on to another's connection, however short each is.
 */
const mostInTurn = 4;

interface Line {
  working: number;
  /** Of them, those that began in this turn of the event loop. */
  begun: number;
  /** What lets each begin, in their order. */
  readonly waiting: Set<() => void>;
}

/** @param most requests of one organization in work */
export function createOrganizationTurns(most: number): OrganizationTurns {
  const lines = new Map<string, Line>();
  const hasRoom = ({ working, begun }: Line) => working < most && begun < mostInTurn;

  function begin(organization: string, line: Line): void {
    line.working += 1;
    line.begun += 1;
    if (line.begun === 1) setImmediate(goOn, organization, line);
  }

  function goOn(organization: string, line: Line): void {
    line.begun = 0;
    letBegin(organization, line);
  }

  function letBegin(organization: string, line: Line): void {
    for (const next of line.waiting) {
      if (!hasRoom(line)) return;
      line.waiting.delete(next);
      begin(organization, line);
      next();
    }
    if (line.working === 0 && line.begun === 0) lines.delete(organization);
  }

  return {
    take(organization) {
      const line = lines.get(organization) ?? { working: 0, begun: 0, waiting: new Set() };
      lines.set(organization, line);
      const release = () => {
        line.working -= 1;
        letBegin(organization, line);
      };
      if (line.waiting.size === 0 && hasRoom(line)) {
        begin(organization, line);
        return Promise.resolve(release);
      }
      if (line.waiting.size >= waitingShare * most) return Promise.reject(tooMany());
      return new Promise((resolve, reject) => {
        const timer = setTimeout(() => {
          line.waiting.delete(next);
          reject(tooMany());
        }, mostMilliseconds);
        const next = () => {
          clearTimeout(timer);
          resolve(release);
        };
        line.waiting.add(next);
      });
    },
  };
}

function tooMany(): EdgeError {
  return new EdgeError('rate_limited', 'Too many requests of this organization are in work; try again in 1 s', {
    headers: { 'retry-after': '1' },
  });
}
