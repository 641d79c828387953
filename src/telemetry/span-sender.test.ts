import assert from 'node:assert/strict';
import { test } from 'node:test';
import { TracerProvider } from '@opentelemetry/sdk-trace';
import { testClock } from '../../test/clock.ts';
import { type Collector, startCollector } from '../../test/collector.ts';
import { type LostSpans, mostWaiting, sendSpans } from './span-sender.ts';

/** What ends so many spans, and the losses that were told. */
function senderTo({ url }: Collector, now: () => number) {
  const told: LostSpans[] = [];
  const collector = { url: `${url}/v1/traces`, headers: { authorization: 'S3cret' }, timeoutMilliseconds: 1_000 };
  const provider = new TracerProvider({
    spanProcessors: [sendSpans(collector, (lost) => void told.push(lost), now)],
  });
  const tracer = provider.getTracer('test');
  return {
    told,
    end(count: number) {
      for (let each = 0; each < count; each++) tracer.startSpan('one').end();
    },
    async send(count: number) {
      this.end(count);
      await Promise.allSettled([provider.forceFlush()]);
    },
  };
}

test('spans that are not taken are told once in a minute, with how many and why, and no secret', async () => {
  await using collector = await startCollector('refuses');
  const clock = testClock();
  const { told, ...sender } = senderTo(collector, clock.now);
  await sender.send(1);
  assert.deepEqual(told, [{ lost: 1, reason: '400 Bad Request' }]);
  await sender.send(3);
  clock.pass(59_999);
  await sender.send(1);
  assert.equal(told.length, 1);
  clock.pass(1);
  await sender.send(1);
  assert.deepEqual(told.slice(1), [{ lost: 5, reason: '400 Bad Request' }]);
});

test('of spans that find too many waiting each is counted as lost, and no more wait', async () => {
  await using collector = await startCollector('hangs');
  const clock = testClock();
  const { told, ...sender } = senderTo(collector, clock.now);
  const reached = collector.nextRequest();
  sender.end(mostWaiting);
  await reached;
  // What is being sent waits no longer.
  const sending = collector.spans.length;
  sender.end(sending + 1_000);
  assert.deepEqual(told, [{ lost: 1, reason: `${mostWaiting} wait already` }]);
  clock.pass(60_000);
  sender.end(1);
  assert.deepEqual(told.slice(1), [{ lost: 1_000, reason: `${mostWaiting} wait already` }]);
});

test('spans that are taken are not told', async () => {
  await using collector = await startCollector();
  const { told, ...sender } = senderTo(collector, testClock().now);
  await sender.send(3);
  assert.deepEqual(told, []);
  assert.equal(collector.spans.length, 3);
});
