import type { CommitOperation, Operation } from './model-history.ts';
import { answerOf, applyChanges, describeItems, describeState, emptyState, type State } from './model-state.ts';

/** How many states the search may meet before it gives up; a history of the suite's size needs some hundred. */
const mostSteps = 200_000;

/**
 * Whether some order of the operations, one after the other from an empty state, gives every answer of the history and
 * keeps to the real time: what was answered before another began comes before it. Two reads need not keep to each
 * other's time: the port promises a reader only what was acknowledged (Wing and Gong, "Testing and Verifying Concurrent
 * Objects", 1993; the memory of met states is Lowe's, "Testing for Linearizability", 2017).
 *
 * @throws {Error} where the search takes too many steps to decide
 */
export function hasSerialOrder(history: readonly Operation[]): boolean {
  const entries = history.map(entryOf);
  const earlier = history.map((operation) =>
    history.flatMap((other, place) => (precedes(other, operation) ? [place] : [])),
  );
  const met = new Set<string>();
  const stack: Position[] = [{ state: emptyState, placed: new Set() }];
  for (let position = stack.pop(); position !== undefined; position = stack.pop()) {
    const { state, placed } = position;
    const free = () =>
      entries.filter(({ place }) => !placed.has(place) && earlier[place]?.every((before) => placed.has(before)));
    placeWhatLeaves(state, placed, free);
    if (entries.every(({ place, operation }) => placed.has(place) || isOpen(operation))) return true;
    const name = `${[...placed].sort((left, right) => left - right)}|${describeState(state)}`;
    if (met.has(name)) continue;
    met.add(name);
    if (met.size > mostSteps) throw new Error('the history is too long to decide');
    for (const { place, operation } of free()) {
      if (operation.type === 'read') continue;
      const next = applyChanges(state, operation.changes);
      if (next.outcome.result !== 'done' || !isAnswer(operation, next.outcome)) continue;
      stack.push({ state: next.state, placed: new Set(placed).add(place) });
    }
  }
  return false;
}

interface Entry {
  readonly place: number;
  readonly operation: Operation;
}

interface Position {
  readonly state: State;
  readonly placed: Set<number>;
}

function entryOf(operation: Operation, place: number): Entry {
  return { place, operation };
}

function precedes(one: Operation, other: Operation): boolean {
  return one.end < other.begin && !(one.type === 'read' && other.type === 'read');
}

/** A commit without an answer: it may be left out of the order. */
function isOpen(operation: Operation): boolean {
  return operation.type === 'commit' && operation.outcome === undefined;
}

function isAnswer({ outcome }: CommitOperation, expected: CommitOperation['outcome']): boolean {
  return outcome === undefined || JSON.stringify(outcome) === JSON.stringify(expected);
}

/**
 * Places every read, and every commit that did not hold, as soon as the state gives its answer. It leaves the state as
 * it is and frees others, so there is never a reason to place it later.
 */
function placeWhatLeaves(state: State, placed: Set<number>, free: () => Entry[]): void {
  for (;;) {
    const fitting = free().filter(({ operation }) => leavesAndFits(state, operation));
    if (fitting.length === 0) return;
    for (const { place } of fitting) placed.add(place);
  }
}

function leavesAndFits(state: State, operation: Operation): boolean {
  if (operation.type === 'read') {
    return describeItems(answerOf(state, operation.query)) === describeItems(operation.answer);
  }
  const { outcome } = operation;
  if (outcome === undefined || outcome.result === 'done') return false;
  return isAnswer(operation, applyChanges(state, operation.changes).outcome);
}
