import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { suite, test } from 'node:test';
import { promisify } from 'node:util';
import { parse } from 'yaml';
import { missingRabbitmq, rabbitmqUrl } from './broker/rabbitmq.ts';
import { readPage, root, rowsOfTables } from './documentation/page.ts';
import { adaptConfiguration, configuration, lackingPrometheus, startPrometheus } from './prometheus/server.ts';
import { makeTraffic } from './prometheus/traffic.ts';
import { missingRedis, testRedisUrl } from './redis/address.ts';
import { eventually } from './service/eventually.ts';
import { dataDirectory, startService } from './service/service.ts';

const run = promisify(execFile);
const metricsToken = 'm'.repeat(32);

interface AlertTest {
  readonly alertname: string;
  readonly exp_alerts: readonly object[];
}

interface Dashboard {
  readonly panels: readonly { readonly title: string; readonly targets?: readonly { readonly expr: string }[] }[];
}

const { groups } = parse(readFileSync(join(configuration, 'alerts.yaml'), 'utf8')) as {
  groups: { rules: { alert: string; labels: { severity: string } }[] }[];
};
const alerts = groups.flatMap(({ rules }) => rules);
const dashboards = join(root, 'deploy', 'grafana', 'dashboards');
const dashboard = JSON.parse(readFileSync(join(dashboards, 'tenantry.json'), 'utf8')) as Dashboard;

/** What is there only where there is a broker, or Redis, of which the tests may have neither. */
const servers = [
  { missing: missingRabbitmq, metrics: /tenantry_(?:relay|events_published)_/ },
  { missing: missingRedis, metrics: /tenantry_redis_/ },
];
const isAsked = (query: string) => servers.every(({ missing, metrics }) => missing === false || !metrics.test(query));

/** What a panel asks, with what Grafana puts in for its variables. */
const queries = dashboard.panels.flatMap(({ title, targets = [] }) =>
  targets.map(({ expr }) => ({
    title,
    query: expr.replaceAll('$__rate_interval', '10s').replaceAll('$instance', '.*'),
  })),
);

/** The metrics that an expression reads, each with its labels. */
function selectorsOf(expression: string): string[] {
  return expression.match(/\b(?:up|(?:tenantry|process|nodejs)_\w+)(?:\{[^}]*\})?/g) ?? [];
}

test('every alert is told in docs/operations.md with what to do, and nothing else is', () => {
  const told = rowsOfTables(readPage('docs/operations.md'), 'what to do')
    .map((row) => /^\| `(Tenantry\w+)` \((\w+)\) \| .{10,} \| .{10,} \|$/.exec(row)?.slice(1))
    .filter((row) => row !== undefined);
  assert.deepEqual(
    told,
    alerts.map(({ alert, labels }) => [alert, labels.severity]),
  );
});

test('every alert has a case in which it fires, and one in which it does not', () => {
  const { tests } = parse(readFileSync(join(configuration, 'alerts.test.yaml'), 'utf8')) as {
    tests: { alert_rule_test: AlertTest[] }[];
  };
  const cases = tests.flatMap(({ alert_rule_test }) => alert_rule_test);
  for (const { alert } of alerts) {
    const own = cases.filter(({ alertname }) => alertname === alert).map(({ exp_alerts }) => exp_alerts.length > 0);
    assert.deepEqual([own.includes(false), own.includes(true)], [true, true], alert);
  }
});

test('no label of the dashboard or of an alert is an organization, and no panel is another one again', () => {
  const asked = queries.map(({ query }) => query);
  assert.ok(asked.length > 30);
  assert.deepEqual(
    asked.filter((query) => /org_|\borganization\b/.test(query)),
    [],
  );
  const titles = dashboard.panels.map(({ title }) => title);
  assert.equal(new Set(titles).size, titles.length);
});

suite('Prometheus', { skip: lackingPrometheus, timeout: 120_000 }, () => {
  test('takes the configuration and the alerts, and finds the cases of all alerts right', async () => {
    await using folder = await dataDirectory();
    const file = await adaptConfiguration(folder.path, { url: 'http://127.0.0.1:8000', metricsToken });
    await run('promtool', ['check', 'config', file]);
    await run('promtool', ['check', 'rules', join(configuration, 'alerts.yaml')]);
    await run('promtool', ['test', 'rules', 'alerts.test.yaml'], { cwd: configuration });
  });

  test('has values for every query of the dashboard and every metric of an alert while calls are made', async () => {
    await using directory = await dataDirectory();
    const service = await startService(directory.path, {
      METRICS_TOKEN: metricsToken,
      CLUSTER_COLLECTIONS: '1000',
      CLUSTER_DATABASES: '100',
      ...(missingRabbitmq === false && { BROKER_URL: rabbitmqUrl() ?? '' }),
      ...(missingRedis === false && { REDIS_URL: testRedisUrl() ?? '' }),
    });
    await using stack = new AsyncDisposableStack();
    stack.defer(async () => void (await service.stop()));
    const prometheus = stack.use(await startPrometheus({ url: service.url, metricsToken }));
    stack.use(await makeTraffic(service.url));
    for (const { title, query } of queries.filter((each) => isAsked(each.query))) {
      await eventually(async () => {
        const values = await prometheus.query(query);
        assert.ok(
          values.some((value) => Number.isFinite(value)),
          `${title}: ${query} has ${values.length} values, and no number`,
        );
      });
    }
    const rules = await eventually(async () => {
      const loaded = await prometheus.rules();
      assert.ok(loaded.every(({ health }) => health === 'ok'));
      return loaded;
    });
    assert.deepEqual(
      rules.map(({ name }) => name),
      alerts.map(({ alert }) => alert),
    );
    for (const { name, query } of rules.filter((each) => isAsked(each.query))) {
      const selectors = selectorsOf(query);
      assert.notEqual(selectors.length, 0, name);
      for (const selector of selectors) {
        assert.notEqual((await prometheus.query(selector)).length, 0, `${name}: there is no ${selector}`);
      }
    }
  });
});
