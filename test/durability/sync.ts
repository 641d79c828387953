import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Engine } from '../contract/engine.ts';
import { isSync, isWrite, type SystemCall, traceScript, whyNoTrace } from './trace.ts';

/** Sixty single and grouped commits, a replace, three collections, and two writes of a document at each of four levels. */
const expectedMarks = 72;

/** That what is acknowledged was on disk before, as the operating system saw it. For engines whose data is in local files. */
export async function syncsBeforeAcknowledging(engine: Engine): Promise<void> {
  const reason = await whyNoTrace();
  const title = 'what is acknowledged was written and then synced, in the same file, before it was acknowledged';
  test(`${engine.name}: ${title}`, { skip: reason ?? false, timeout: 60_000 }, async ({ signal }) => {
    await using cleanup = new AsyncDisposableStack();
    const location = await engine.create();
    cleanup.defer(() => engine.destroy(location));
    const script = new URL('./sync-child.ts', import.meta.url);
    const calls = await traceScript(script, [engine.module, location], { output: `${location}.trace`, signal });
    const marks = calls.flatMap((call) => {
      const [, mark] = isWrite(call) ? (/"acknowledged (\w+)\\n"/.exec(call.text) ?? []) : [];
      return mark === undefined ? [] : [{ mark, acknowledged: call }];
    });
    assert.equal(marks.length, expectedMarks);
    for (const { mark, acknowledged } of marks) {
      assert.ok(wasSynced(calls, location, mark, acknowledged), `${mark} was acknowledged before it was synced`);
    }
  });
}

/** Whether a write of the mark into the data, and after it a sync of the same file, ended before the acknowledgement. */
function wasSynced(calls: readonly SystemCall[], location: string, mark: string, acknowledged: SystemCall): boolean {
  const carriers = calls.filter(
    (call) =>
      isWrite(call) && call.path.startsWith(location) && call.text.includes(mark) && call.ended < acknowledged.began,
  );
  return carriers.some((carrier) =>
    calls.some(
      (call) =>
        isSync(call) && call.path === carrier.path && call.began > carrier.ended && call.ended < acknowledged.began,
    ),
  );
}
