import { callEnd, persistently, untilEnd } from './attempts.ts';
import type { CommitGround } from './commit.ts';
import { hasCode, tellable } from './faults.ts';
import type { KeptRooms } from './kept-rooms.ts';
import type { QuotaGate } from './quota-gate.ts';
import type { InTurn, Turns } from './turns.ts';

/** What the documents of a deployment are reached with. */
export interface ClusterGround extends CommitGround {
  /** The name that places have of the deployment. */
  readonly cluster: string;
  readonly turns: Turns;
  readonly gate: QuotaGate;
  readonly keptRooms: KeptRooms;
}

/** With what a call of the port for documents works. */
export interface DocumentsGround extends ClusterGround {
  /** Gives turns in the line of the organization that the call is about. */
  readonly inTurn: InTurn;
}

/** As much of it as reading needs. */
export type ReadGround = Pick<DocumentsGround, 'client' | 'database' | 'inTurn'>;

/** The ground for a call whose work waits in this line. */
export function groundFor(ground: ClusterGround, line: string): DocumentsGround {
  return { ...ground, inTurn: ground.turns(line) };
}

/**
 * Does, when it is its turn, what may be done again, until it is answered.
 *
 * @param end of the call, in milliseconds of `performance.now()`
 * @throws {TenantryError} storage_unavailable
 */
export function repeatedly<T>({ inTurn }: ReadGround, work: () => Promise<T>, end = callEnd()): Promise<T> {
  return inTurn(() => persistently(work, end), end);
}

/**
 * Does, when it is its turn, what is not to be sent again: where its answer was lost, it may still arrive.
 *
 * @param already the code that tells that another has done it
 * @throws {TenantryError} storage_unavailable
 */
export async function once({ inTurn }: DocumentsGround, work: () => Promise<unknown>, already?: number): Promise<void> {
  const end = callEnd();
  try {
    await inTurn(() => untilEnd(work, end), end);
  } catch (error) {
    if (already === undefined || !hasCode(error, already)) throw tellable(error);
  }
}
