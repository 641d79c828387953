import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setImmediate } from 'node:timers/promises';
import { childrenOf } from '../../test/collector.ts';
import { startTraces } from '../../test/tracing.ts';
import { TenantryError } from '../errors.ts';

const server = { kind: 'server', attributes: {} } as const;
const elsewhere = { trace: 'f'.repeat(32), span: 'e'.repeat(16) } as const;
const carried = (flags: '00' | '01') => ({ traceparent: `00-${elsewhere.trace}-${elsewhere.span}-${flags}` });

test('what is done within a span is below it, however it is awaited, and beside it is a trace of its own', async () => {
  await using ground = await startTraces();
  const { tracer, active } = ground.traces;
  const [one, other] = [tracer.begin('one', server), tracer.begin('other', server)];
  const work = async () => {
    await setImmediate();
    await tracer.call('outer', { number: 1 }, async (note) => {
      note({ text: 'two' });
      await tracer.call('inner', {}, async () => assert.equal(active().trace_id, one.ids.trace_id));
    });
  };
  await Promise.all([one.within(work), other.within(async () => assert.deepEqual(active(), other.ids))]);
  assert.deepEqual(active(), {});
  one.end();
  other.end();
  await ground.send();
  const { spans } = ground.collector;
  assert.deepEqual(spans.map(({ name }) => name).sort(), ['inner', 'one', 'other', 'outer']);
  const [root] = spans.filter(({ spanId }) => spanId === one.ids.span_id);
  assert.ok(root !== undefined && root.parentSpanId === undefined);
  const [outer, ...more] = childrenOf(ground.collector, root);
  assert.deepEqual([outer?.name, outer?.kind, more], ['outer', 3, []]);
  assert.deepEqual(outer?.attributes, { number: 1, text: 'two' });
  assert.deepEqual(outer && childrenOf(ground.collector, outer).map(({ name }) => name), ['inner']);
});

test('what goes on behind the end of its span, or has none, makes no spans and has no ids', async () => {
  await using ground = await startTraces();
  const { tracer, active } = ground.traces;
  const span = tracer.begin('ended', server);
  const late = span.within(async () => {
    await setImmediate();
    assert.deepEqual(active(), {});
    return await tracer.call('late', {}, async () => 'done');
  });
  span.end();
  span.end();
  assert.equal(await late, 'done');
  assert.equal(await tracer.call('alone', {}, async () => 'done'), 'done');
  await ground.send();
  assert.deepEqual(
    ground.collector.spans.map(({ name }) => name),
    ['ended'],
  );
});

test('what is thrown is thrown on, and noted by its code and not by its text', async () => {
  await using ground = await startTraces();
  const { tracer } = ground.traces;
  const root = tracer.begin('root', server);
  const errors = [new TenantryError('busy', 'S3cret'), new Error('S3cret')];
  for (const error of errors) {
    const failing = root.within(() => tracer.call('failing', {}, () => Promise.reject(error)));
    await assert.rejects(failing, (thrown) => thrown === error);
  }
  root.end();
  await ground.send();
  const failed = ground.collector.spans.filter(({ name }) => name === 'failing');
  assert.deepEqual(
    failed.map(({ attributes, status, statusMessage }) => [attributes['error.type'], status, statusMessage]),
    [
      ['busy', 2, undefined],
      ['internal', 2, undefined],
    ],
  );
  assert.ok(ground.collector.requests.every(({ text }) => !text.includes('S3cret')));
});

test('a trace that is carried is gone on with, and one that is malformed is not', async () => {
  await using ground = await startTraces();
  const { tracer } = ground.traces;
  const wellFormed = tracer.begin('well-formed', { ...server, carried: { ...carried('01'), tracestate: 'a=b' } });
  assert.equal(wellFormed.ids.trace_id, elsewhere.trace);
  wellFormed.end();
  for (const traceparent of ['', 'x', `00-${'0'.repeat(32)}-${elsewhere.span}-01`, `${carried('01').traceparent}-x`]) {
    const span = tracer.begin('malformed', { ...server, carried: { traceparent } });
    assert.notEqual(span.ids.trace_id, elsewhere.trace, traceparent);
    assert.match(span.ids.trace_id, /^[0-9a-f]{32}$/);
    span.end();
  }
  await ground.send();
  const [first, ...others] = ground.collector.spans;
  assert.equal(first?.parentSpanId, elsewhere.span);
  assert.ok(others.length === 4 && others.every(({ parentSpanId }) => parentSpanId === undefined));
});

for (const [sampling, expected] of [
  [{ share: 1, followsParent: true }, ['new', 'kept elsewhere']],
  [{ share: 0, followsParent: true }, ['kept elsewhere']],
  [{ share: 1, followsParent: false }, ['new', 'kept elsewhere', 'left elsewhere']],
  [{ share: 0, followsParent: false }, []],
] as const) {
  test(`with ${JSON.stringify(sampling)} ${expected.join(', ') || 'nothing'} is collected, and all have ids`, async () => {
    await using ground = await startTraces({ sampling });
    const { tracer, active } = ground.traces;
    for (const [name, given] of [
      ['new', undefined],
      ['kept elsewhere', carried('01')],
      ['left elsewhere', carried('00')],
    ] as const) {
      const span = tracer.begin(name, { ...server, carried: given });
      await span.within(() =>
        tracer.call(name, {}, async () => assert.match(active().span_id ?? '', /^[0-9a-f]{16}$/)),
      );
      span.end();
    }
    await ground.send();
    const names = ground.collector.spans.map(({ name }) => name);
    assert.deepEqual(new Set(names), new Set(expected));
    assert.equal(names.length, 2 * expected.length);
  });
}

test('of a share about that many traces are collected', async () => {
  await using ground = await startTraces({ sampling: { share: 0.25, followsParent: true } });
  for (let count = 0; count < 1_000; count++) ground.traces.tracer.begin('one', server).end();
  await ground.send();
  const { length } = ground.collector.spans;
  // Six times the standard deviation, which is 14.
  assert.ok(length > 165 && length < 335, `${length}`);
});

test('a collector is told whose the spans are, and gets its header fields', async () => {
  const resource = { 'service.name': 'organizations', 'deployment.environment.name': 'test' };
  await using ground = await startTraces({ resource, headers: { authorization: 'Bearer S3cret' } });
  ground.traces.tracer.begin('one', server).end();
  await ground.send();
  const [request] = ground.collector.requests;
  assert.deepEqual([request?.path, request?.headers.authorization], ['/v1/traces', 'Bearer S3cret']);
  assert.ok(request !== undefined && !request.text.includes('S3cret'));
  const [told] = ground.collector.resources;
  assert.equal(told?.['service.name'], 'organizations');
  assert.equal(told?.['deployment.environment.name'], 'test');
  assert.equal(told?.['service.version'], '0.0.0');
});

test('a collector that hangs is waited for as long as the stop may take, and that is told', async () => {
  await using ground = await startTraces({ timeoutMilliseconds: 1_000 }, 'hangs');
  ground.traces.tracer.begin('one', server).end();
  const begun = performance.now();
  await ground.traces.stop(100);
  const milliseconds = performance.now() - begun;
  assert.ok(milliseconds >= 95 && milliseconds < 2_000, `${milliseconds} ms`);
  assert.match(ground.logged[0]?.message ?? '', /^the last spans are lost/);
});
