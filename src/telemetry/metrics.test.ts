import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Log } from '../log.ts';
import { createMetrics, type ObservedParts } from './metrics.ts';

/** The value of each series, by its line up to the value. */
async function series(metrics: { text(): Promise<string> }): Promise<Map<string, number>> {
  const lines = (await metrics.text()).split('\n').filter((line) => line !== '' && !line.startsWith('#'));
  return new Map(
    lines.map((line) => [line.slice(0, line.lastIndexOf(' ')), Number(line.slice(line.lastIndexOf(' ')))]),
  );
}

test('answers are counted and timed by method, route and status', async () => {
  const metrics = createMetrics();
  metrics.onAnswer({ method: 'GET', route: '/org/get', status: 200, seconds: 0.002 });
  metrics.onAnswer({ method: 'GET', route: '/org/get', status: 200, seconds: 0.3 });
  metrics.onAnswer({ method: 'GET', route: '/org/get', status: 404, seconds: 0.002 });
  const shown = await series(metrics);
  const labels = 'method="GET",route="/org/get",status="200"';
  assert.equal(shown.get(`tenantry_request_seconds_count{${labels}}`), 2);
  assert.equal(shown.get(`tenantry_request_seconds_sum{${labels}}`), 0.302);
  assert.equal(shown.get(`tenantry_request_seconds_bucket{le="0.0025",${labels}}`), 1);
  assert.equal(shown.get('tenantry_request_seconds_count{method="GET",route="/org/get",status="404"}'), 1);
});

test('methods that a caller makes up share one label', async () => {
  const metrics = createMetrics();
  for (const method of ['PROPFIND', 'MKCOL', 'get', '"}\n']) {
    metrics.onAnswer({ method, route: 'unknown', status: 405, seconds: 0.001 });
  }
  const shown = await series(metrics);
  assert.equal(shown.get('tenantry_request_seconds_count{method="other",route="unknown",status="405"}'), 4);
});

test('commits are counted with the size and time of their batches', async () => {
  const { onCommit, ...metrics } = createMetrics();
  onCommit({ commits: 1, seconds: 0.002 });
  onCommit({ commits: 7, seconds: 0.004 });
  const shown = await series(metrics);
  assert.equal(shown.get('tenantry_commits_total'), 8);
  assert.equal(shown.get('tenantry_commit_batch_size_bucket{le="1"}'), 1);
  assert.equal(shown.get('tenantry_commit_batch_size_bucket{le="8"}'), 2);
  assert.equal(shown.get('tenantry_commit_seconds_sum'), 0.006);
});

/** Parts in which nothing is under way. */
function parts(): Mutable<ObservedParts> {
  return {
    hashes: { waiting: 0, working: 0, refused: 0 },
    work: { working: 0, most: 600, refused: 0 },
    events: { appended: 0, readers: 0 },
    clusters: { describe: async () => [], elapsed: () => 0, log: silent },
  };
}

type Mutable<T> = { -readonly [Name in keyof T]: T[Name] };

const silent: Log = { info() {}, warn() {}, error() {}, audit() {} };

test('the parts and the lost log lines are shown as they stand when asked', async () => {
  const metrics = createMetrics();
  const observed = parts();
  const hashes = { waiting: 3, working: 2, refused: 1 };
  let lost = 5;
  metrics.observe({ ...observed, hashes, events: { appended: 7, readers: 8 } });
  metrics.observeLostLines(() => lost);
  await metrics.text();
  hashes.waiting = 4;
  lost = 6;
  const shown = await series(metrics);
  assert.equal(shown.get('tenantry_hashes_waiting'), 4);
  assert.equal(shown.get('tenantry_hashes_working'), 2);
  assert.equal(shown.get('tenantry_hashes_refused_total'), 1);
  assert.equal(shown.get('tenantry_requests_most'), 600);
  assert.equal(shown.get('tenantry_events_appended_total'), 7);
  assert.equal(shown.get('tenantry_event_readers'), 8);
  assert.equal(shown.get('tenantry_log_lines_lost_total'), 6);
});

test('problems are counted by their codes, which are all there from the start', async () => {
  const metrics = createMetrics(['busy', 'internal']);
  metrics.onAnswer({ method: 'GET', route: 'unknown', status: 503, seconds: 0, code: 'busy' });
  const shown = await series(metrics);
  assert.equal(shown.get('tenantry_problems_total{code="busy"}'), 1);
  assert.equal(shown.get('tenantry_problems_total{code="internal"}'), 0);
});

test('a process that does rounds shows when the last whole one was, and others show none', async () => {
  assert.ok(![...(await series(createMetrics())).keys()].some((name) => name.includes('round')));
  const metrics = createMetrics();
  const onRound = metrics.observeRounds();
  const begun = (await series(metrics)).get('tenantry_last_round_timestamp_seconds') ?? 0;
  assert.ok(Math.abs(begun - Date.now() / 1_000) < 60);
  onRound(0);
  onRound(2);
  const shown = await series(metrics);
  assert.equal(shown.get('tenantry_rounds_total{result="done"}'), 1);
  assert.equal(shown.get('tenantry_rounds_total{result="failed"}'), 1);
});

test('what the process is stands in the labels of one metric', async () => {
  const metrics = createMetrics();
  metrics.describe({ version: '1.2.3', roles: ['auth', 'worker'], engine: 'mongodb' });
  assert.equal((await series(metrics)).get('tenantry_info{version="1.2.3",roles="auth,worker",engine="mongodb"}'), 1);
});

test('process, memory and the lag of the event loop are among them, two registries apart', async () => {
  const [one, other] = [createMetrics(), createMetrics()];
  one.onCommit({ commits: 1, seconds: 0.001 });
  const shown = await series(other);
  for (const name of [
    'process_cpu_seconds_total',
    'process_resident_memory_bytes',
    'nodejs_eventloop_lag_p99_seconds',
  ]) {
    assert.ok(shown.has(name), name);
  }
  assert.equal(shown.get('tenantry_commits_total'), 0);
  assert.match(one.contentType, /^text\/plain; version=0\.0\.4/);
});
