import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { suite, test } from 'node:test';
import type { Received } from '../broker/consumer.ts';
import { consumeRabbitmq, missingRabbitmq, rabbitmqUrl } from '../broker/rabbitmq.ts';
import { type Collector, childrenOf, type SentSpan, startCollector } from '../collector.ts';
import { openStream } from '../event-stream.ts';
import { freePort } from '../free-port.ts';
import { call, create, read, signIn, signUp } from './calls.ts';
import { openServiceGround, serviceEngines } from './ground.ts';
import { dataDirectory, type Ended, environment, launcher, startService } from './service.ts';

/** A module that tells at the end of the process whether anything of OpenTelemetry was loaded, of whichever module system. */
const tellsLibrary = `data:text/javascript,${encodeURIComponent(`
  import { registerHooks } from 'node:module';
  let isLoaded = false;
  registerHooks({
    load(url, context, next) {
      isLoaded ||= url.includes('/node_modules/@opentelemetry/');
      return next(url, context);
    },
  });
  process.on('exit', () => console.error('library loaded: ' + isLoaded));
`)}`;

/** The command that starts the service with variables beside its settings. */
function commandWith(variables: Readonly<Record<string, string>>): readonly [string, ...string[]] {
  const given = Object.entries(variables).map(([name, value]) => `${name}=${value}`);
  return ['env', ...given, process.execPath, launcher, 'start'];
}

interface Line {
  readonly msg: string;
  readonly route?: string;
  readonly method?: string;
  readonly trace_id?: string;
  readonly span_id?: string;
}

function linesOf({ out }: Ended): readonly Line[] {
  return out
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line));
}

/** The one trace of a route, by its first span. */
function rootOf({ spans }: Collector, name: string): SentSpan {
  const [root, ...others] = spans.filter((span) => span.name === name);
  assert.ok(root !== undefined && others.length === 0, `one ${name} among ${spans.map((span) => span.name).join()}`);
  assert.equal(root.parentSpanId, undefined);
  return root;
}

suite('traces of the service', { timeout: 120_000 }, () => {
  for (const engine of serviceEngines) {
    test(`on ${engine.name} a request is one trace through the edge and the store, and the log has its id`, {
      skip: engine.skip,
    }, async () => {
      await using collector = await startCollector();
      await using ground = await openServiceGround(engine);
      const command = commandWith({
        OTEL_EXPORTER_OTLP_ENDPOINT: collector.url,
        OTEL_EXPORTER_OTLP_HEADERS: 'authorization=Bearer%20S3cret-of-the-collector',
        OTEL_SERVICE_NAME: 'organizations',
        OTEL_RESOURCE_ATTRIBUTES: 'deployment.environment.name=test',
      });
      const service = await startService(ground.directory, ground.settings, command);
      assert.equal((await create(service.url, 'acme')).status, 201);
      const token = await signIn(service.url, 'acme');
      const path = '/v1/organizations/acme/collections/default/documents';
      const body = { title: 'S3cret-of-a-document' };
      const inserted = await call(service.url, ['POST', path], { token, body });
      assert.equal(inserted.status, 201, JSON.stringify(inserted.body));
      assert.equal((await fetch(`${service.url}/health/ready`)).status, 200);
      const ended = await service.stop();
      assert.equal(ended.code, 0);

      const system = engine.documents === 'mongodb' ? 'mongodb' : 'sqlite';
      const creation = rootOf(collector, 'POST /org/create');
      const commits = childrenOf(collector, creation).filter(({ name }) => name === 'records.commit');
      assert.ok(commits.length > 0);
      for (const { kind, attributes } of commits) {
        assert.equal(kind, 3);
        assert.equal(attributes['db.system.name'], system);
        assert.equal(attributes['tenantry.result'], 'done');
      }
      assert.ok(childrenOf(collector, creation).some(({ name }) => name === 'documents.makeCollection'));
      const insertion = rootOf(collector, 'POST /v1/organizations/:organization/collections/:collection/documents');
      const [write, ...others] = childrenOf(collector, insertion).filter(({ name }) => name === 'documents.write');
      assert.ok(write !== undefined && others.length === 0);
      assert.equal(write.attributes['db.system.name'], system);
      assert.equal(write.attributes['tenantry.cluster'], 'main');
      assert.equal(write.attributes['tenantry.organization'], insertion.attributes['tenantry.organization']);
      assert.match(String(write.attributes['tenantry.organization']), /^org_/);

      const roots = collector.spans.filter(({ parentSpanId }) => parentSpanId === undefined);
      assert.equal(roots.length, 3, 'each call is one trace, and nothing else is');
      for (const { name, traceId, spanId } of roots) {
        const [line] = linesOf(ended).filter(
          (each) => each.msg === 'answered' && `${each.method} ${each.route}` === name,
        );
        assert.deepEqual([line?.trace_id, line?.span_id], [traceId, spanId], name);
      }
      const [resource] = collector.resources;
      assert.deepEqual(
        [resource?.['service.name'], resource?.['deployment.environment.name']],
        ['organizations', 'test'],
      );
      assert.equal(collector.requests[0]?.headers.authorization, 'Bearer S3cret-of-the-collector');
      const { email, password } = signUp('acme');
      const sent = collector.requests.map(({ text }) => text).join();
      for (const secret of [token, email, password, 'S3cret', 'acme', ...Object.values(ground.settings)]) {
        assert.ok(!sent.includes(secret), `${secret} in ${sent}`);
      }
      assert.ok(!ended.out.includes('S3cret') && !ended.error.includes('S3cret'));
    });
  }

  test('the span of a stream of events ends when that has begun, and what is read for it later is in no trace', async () => {
    await using collector = await startCollector();
    await using directory = await dataDirectory();
    const service = await startService(directory.path, {}, commandWith({ OTEL_EXPORTER_OTLP_ENDPOINT: collector.url }));
    await create(service.url, 'acme');
    const token = await signIn(service.url, 'acme');
    const path = '/v1/organizations/acme/events/stream?after=0';
    using reader = await openStream(Number(new URL(service.url).port), path, { token });
    await reader.has(2);
    const add = { body: { name: 'one' }, token };
    assert.equal((await call(service.url, ['POST', '/v1/organizations/acme/collections'], add)).status, 201);
    await reader.has(3);
    const ended = await service.stop();
    const name = '/v1/organizations/:organization/events/stream';
    const stream = rootOf(collector, `GET ${name}`);
    const change = rootOf(collector, 'POST /v1/organizations/:organization/collections');
    assert.equal(stream.attributes['http.response.status_code'], 200);
    assert.ok(BigInt(stream.endTimeUnixNano) < BigInt(change.startTimeUnixNano));
    const own = collector.spans.filter(({ traceId }) => traceId === stream.traceId);
    assert.ok(own.length > 1 && own.every((span) => span.endTimeUnixNano <= stream.endTimeUnixNano));
    const [line] = linesOf(ended).filter(({ route }) => route === name);
    assert.equal(line?.trace_id, stream.traceId);
  });

  test('an event goes to the broker in the trace of its call, which the message carries on', {
    skip: missingRabbitmq,
  }, async () => {
    await using collector = await startCollector();
    await using consumer = await consumeRabbitmq(rabbitmqUrl() ?? '');
    await using directory = await dataDirectory();
    const command = commandWith({ OTEL_EXPORTER_OTLP_ENDPOINT: collector.url });
    const service = await startService(directory.path, { BROKER_URL: rabbitmqUrl() ?? '' }, command);
    const name = `traced ${randomUUID().slice(0, 8)}`;
    assert.equal((await create(service.url, name)).status, 201);
    const ours = (received: readonly Received[]) => received.find(({ body }) => body.includes(name));
    await consumer.until((received) => ours(received) !== undefined);
    assert.equal((await service.stop()).code, 0);
    const creation = rootOf(collector, 'POST /org/create');
    const [published, ...others] = childrenOf(collector, creation).filter(({ kind }) => kind === 4);
    assert.ok(published !== undefined && others.length === 0);
    assert.equal(published.name, 'publish organization.created');
    const { id = '', body = '{}' } = ours(consumer.received) ?? {};
    const message = JSON.parse(body);
    assert.deepEqual(
      [published.attributes['messaging.system'], published.attributes['messaging.message.id']],
      ['rabbitmq', id],
    );
    assert.equal(message.traceparent, `00-${creation.traceId}-${creation.spanId}-01`);
    assert.equal('traceparent' in message.data, false);
  });

  test('a line of what went wrong inside has the id of its trace', async () => {
    await using collector = await startCollector();
    await using directory = await dataDirectory();
    // Its documents are in a cluster that does not answer.
    const settings = {
      CLUSTERS: `far=mongodb://127.0.0.1:${await freePort()}/?serverSelectionTimeoutMS=100`,
      DEFAULT_LEVEL: 'cluster',
    };
    const command = commandWith({ OTEL_EXPORTER_OTLP_ENDPOINT: collector.url });
    const service = await startService(directory.path, settings, command);
    assert.equal((await create(service.url, 'acme')).status, 503);
    const ended = await service.stop();
    const { traceId } = rootOf(collector, 'POST /org/create');
    const lines = linesOf(ended).filter(({ msg }) => msg === 'a request failed');
    assert.deepEqual(
      lines.map(({ trace_id }) => trace_id),
      [traceId],
    );
  });

  for (const [title, variables, isLoaded] of [
    ['without an endpoint nothing of OpenTelemetry is loaded, and no line has an id', {}, false],
    ['where it is disabled nothing of it is loaded either', { OTEL_SDK_DISABLED: 'true' }, false],
    ['with an endpoint it is loaded', { OTEL_TRACES_SAMPLER: 'always_off' }, true],
  ] as const) {
    test(title, async () => {
      await using collector = await startCollector();
      await using directory = await dataDirectory();
      const endpoint = title.startsWith('without') ? {} : { OTEL_EXPORTER_OTLP_ENDPOINT: collector.url };
      const [program, ...args] = commandWith({ ...endpoint, ...variables });
      const command = [program, ...args.slice(0, -2), '--import', tellsLibrary, launcher, 'start'] as const;
      const service = await startService(directory.path, {}, command);
      assert.equal((await read(service.url, 'nobody')).status, 404);
      const ended = await service.stop();
      assert.ok(ended.error.includes(`library loaded: ${isLoaded}`), ended.error);
      assert.equal(
        linesOf(ended).some(({ trace_id }) => trace_id !== undefined),
        isLoaded,
      );
      assert.deepEqual(collector.requests, []);
    });
  }

  test('a variable that is wrong ends the start with 78, among all that is wrong', async () => {
    await using directory = await dataDirectory();
    const variables = {
      OTEL_EXPORTER_OTLP_ENDPOINT: 'http://127.0.0.1:4317',
      OTEL_EXPORTER_OTLP_HEADERS: 'S3cret',
      OTEL_EXPORTER_OTLP_PROTOCOL: 'grpc',
    };
    const [program, ...args] = commandWith(variables);
    const { code, stderr } = await new Promise<{ code: unknown; stderr: string }>((resolve) => {
      execFile(program, args, { env: environment(directory.path, { PORT: 'eighty' }) }, (error, _stdout, stderr) =>
        resolve({ code: error?.code, stderr }),
      );
    });
    assert.equal(code, 78);
    assert.match(
      stderr,
      /^3 settings are wrong:\n.*TENANTRY_PORT.*\n {2}OTEL_\w+_HEADERS has 6.*\n {2}OTEL_\w+_PROTOCOL is "grpc"/,
    );
    assert.ok(!stderr.includes('S3cret'));
  });

  for (const manner of ['gone', 'hangs', 'refuses'] as const) {
    test(`a collector that ${manner === 'gone' ? 'is gone' : manner} costs spans and nothing else`, async () => {
      await using collector = await startCollector(manner === 'gone' ? 'takes' : manner);
      await using directory = await dataDirectory();
      const url = manner === 'gone' ? `http://127.0.0.1:${await freePort()}` : collector.url;
      const service = await startService(directory.path, {}, commandWith({ OTEL_EXPORTER_OTLP_ENDPOINT: url }));
      const reached = manner === 'gone' ? Promise.resolve() : collector.nextRequest();
      // More than the line takes: what does not find room is lost.
      for (let round = 0; round < 30; round++) {
        const answers = await Promise.all(Array.from({ length: 100 }, () => read(service.url, 'nobody')));
        assert.ok(answers.every(({ status }) => status === 404));
      }
      await reached;
      assert.equal((await create(service.url, 'acme')).status, 201);
      const begun = performance.now();
      const ended = await service.stop();
      const seconds = (performance.now() - begun) / 1_000;
      assert.equal(ended.code, 0);
      assert.ok(seconds < 5, `${seconds} s`);
      assert.equal(ended.error.trimEnd().split('\n').length, 6, ended.error);
      const told = linesOf(ended).filter(({ msg }) => /spans are lost/.test(msg));
      assert.ok(told.length >= 1 && told.length <= 2, JSON.stringify(told));
    });
  }
});
