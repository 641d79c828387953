import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createMetrics } from './metrics.ts';

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

test('the hashing queue and the lost log lines are shown as they stand when asked', async () => {
  const metrics = createMetrics();
  const queue = { waiting: 3, working: 2 };
  let lost = 5;
  metrics.observeHashes(() => queue);
  metrics.observeLostLines(() => lost);
  await metrics.text();
  queue.waiting = 4;
  lost = 6;
  const shown = await series(metrics);
  assert.equal(shown.get('tenantry_hashes_waiting'), 4);
  assert.equal(shown.get('tenantry_hashes_working'), 2);
  assert.equal(shown.get('tenantry_log_lines_lost_total'), 6);
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
