import assert from 'node:assert/strict';
import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { type Engine, shareOf } from './engine.ts';
import { openGround } from './ground.ts';
import { describeHistory, historyOf, type Told } from './model-history.ts';
import { modelKindList } from './model-kinds.ts';
import { type Intent, type Lanes, readAll, runLanes, type Step } from './model-lanes.ts';
import { hasSerialOrder } from './model-order.ts';
import type { FromChild } from './records-child.ts';
import { runsFromEnvironment } from './runs.ts';

/** Random commits against the model: whatever runs at once and is cut off, some order one after the other explains it. */
export function recordsModel(engine: Engine): void {
  describe(`the model of records on the ${engine.name} engine`, { timeout: 300_000 }, () => {
    test('commits and reads at once are equal to some order one after the other', async () => {
      await using ground = await openGround(engine, { kinds: modelKindList });
      let runs = 0;
      const property = fc.asyncProperty(lanesOf(5, 4), async (lanes) => {
        runs += 1;
        const told: Told[] = [];
        const tell = async (entry: Told) => void told.push(entry);
        await runLanes(ground.recordsOf, { run: `r${runs}_`, process: 'p', lanes }, tell);
        await readAll(ground.records, `r${runs}_`, tell);
        assertSerial(told);
      });
      await fc.assert(property, { ...runsFromEnvironment(shareOf(engine, 100)), endOnFailure: true });
    });

    test('commits that a kill cuts off happened wholly or not at all, and what was acknowledged stays', async ({
      signal,
    }) => {
      const phase = fc.record({ lanes: lanesOf(4, 4), killAfter: fc.integer({ min: 1, max: 90 }) });
      const phases = fc.array(phase, { minLength: 1, maxLength: 2 });
      const property = fc.asyncProperty(phases, (chosen) => killAndCompare(engine, chosen, signal));
      await fc.assert(property, { ...runsFromEnvironment(shareOf(engine, 12)), endOnFailure: true });
    });
  });
}

const key = fc.constantFrom('x', 'y', 'z', null);
const intent: fc.Arbitrary<Intent> = fc.record({
  op: fc.constantFrom('insert', 'insert', 'replace', 'replace', 'replace', 'remove', 'check'),
  slot: fc.nat({ max: 3 }),
  first: key,
  second: key,
  stale: fc.nat({ max: 9 }).map((chance) => chance === 0),
});
const step: fc.Arbitrary<Step> = fc.record({
  look: fc.constantFrom('many', 'list', 'get', 'find'),
  intents: fc.array(intent, { minLength: 1, maxLength: 3 }),
});

function lanesOf(lanes: number, steps: number): fc.Arbitrary<Step[][]> {
  const lane = fc.array(step, { minLength: 1, maxLength: steps });
  return fc.array(lane, { minLength: 2, maxLength: lanes });
}

function assertSerial(told: readonly Told[]): void {
  const history = historyOf(told);
  assert.ok(hasSerialOrder(history), `no serial order explains this history:\n${describeHistory(history)}`);
}

interface Phase {
  readonly lanes: readonly (readonly Step[])[];
  /** After how many messages the process is killed. */
  readonly killAfter: number;
}

async function killAndCompare(engine: Engine, phases: readonly Phase[], signal: AbortSignal): Promise<void> {
  await using cleanup = new AsyncDisposableStack();
  const location = await engine.create();
  cleanup.defer(() => engine.destroy(location));
  const told: Told[] = [];
  for (const [number, phase] of phases.entries()) {
    const lives = Array.from({ length: engine.instances }, (_, instance) =>
      liveAndDie(engine, location, { name: `${number}${instance}`, phase, dies: instance === 0, told, signal }),
    );
    await Promise.all(lives);
  }
  const store = await engine.open(location, { kinds: modelKindList });
  await readAll(store.records, 'r', async (entry) => void told.push(entry));
  await store.close();
  assertSerial(told);
}

interface Life {
  readonly name: string;
  readonly phase: Phase;
  /** Whether it is killed in the middle; otherwise at its end. */
  readonly dies: boolean;
  readonly told: Told[];
  /** Ends it where the test ends early. */
  readonly signal: AbortSignal;
}

/** A process with a store: it runs the lanes and is killed. What it told before its death is in `told` afterwards. */
async function liveAndDie(engine: Engine, location: string, { name, phase, dies, told, signal }: Life): Promise<void> {
  const child = fork(new URL('./records-child.ts', import.meta.url), [engine.module, location], {
    execArgv: [],
    signal,
    killSignal: 'SIGKILL',
  });
  let left = dies ? phase.killAfter : Number.POSITIVE_INFINITY;
  child.on('message', (message: FromChild) => {
    if (message.type === 'ready') child.send({ run: 'r', process: name, lanes: phase.lanes } satisfies Lanes);
    else if (message.type === 'finished') child.kill('SIGKILL');
    else {
      told.push(message);
      left -= 1;
      if (left === 0) child.kill('SIGKILL');
    }
  });
  assert.deepEqual(await endOf(child), [null, 'SIGKILL'], 'the process ended before it was killed');
}

/** The code and the signal that it ended with, once all that it sent has arrived. */
async function endOf(child: ChildProcess): Promise<unknown[]> {
  const [end] = await Promise.all([once(child, 'exit'), once(child, 'disconnect')]);
  return end;
}
