import assert from 'node:assert/strict';
import { test } from 'node:test';
import { wrongIn } from '../../test/wrong-settings.ts';
import { readSettings } from '../settings.ts';
import { readCollector } from './collector.ts';

const endpoint = { OTEL_EXPORTER_OTLP_ENDPOINT: 'http://127.0.0.1:4318' };

function read(variables: Readonly<Record<string, string>>) {
  const reading = readCollector((name) => variables[name]);
  assert.ok('value' in reading, JSON.stringify(reading));
  return reading.value;
}

test('an endpoint alone is enough: all traces go to it, in the name of the service', () => {
  assert.deepEqual(read(endpoint), {
    url: 'http://127.0.0.1:4318/v1/traces',
    headers: {},
    timeoutMilliseconds: 10_000,
    resource: { 'service.name': 'tenantry' },
    sampling: { share: 1, followsParent: true },
  });
});

test('without an endpoint nothing is read, whatever else stands there', () => {
  assert.equal(read({ OTEL_TRACES_SAMPLER: 'jaeger_remote', OTEL_EXPORTER_OTLP_PROTOCOL: 'grpc' }), undefined);
  assert.equal(read({ OTEL_EXPORTER_OTLP_ENDPOINT: '' }), undefined);
  assert.equal(read({ ...endpoint, OTEL_SDK_DISABLED: 'TRUE', OTEL_TRACES_SAMPLER: 'none' }), undefined);
});

test('every variable counts', () => {
  const collector = read({
    OTEL_EXPORTER_OTLP_ENDPOINT: 'https://collector.example.com:443/otlp/',
    OTEL_EXPORTER_OTLP_HEADERS: 'authorization=Basic%20c2VjcmV0PQ%3D%3D, x-tenant=a=b',
    OTEL_EXPORTER_OTLP_PROTOCOL: 'http/json',
    OTEL_EXPORTER_OTLP_TIMEOUT: '2500',
    OTEL_SERVICE_NAME: 'organizations',
    OTEL_RESOURCE_ATTRIBUTES: 'service.name=other,deployment.environment.name=a%2Cb',
    OTEL_TRACES_SAMPLER: 'traceidratio',
    OTEL_TRACES_SAMPLER_ARG: '0.25',
    OTEL_SDK_DISABLED: 'false',
  });
  assert.deepEqual(collector, {
    url: 'https://collector.example.com/otlp/v1/traces',
    headers: { authorization: 'Basic c2VjcmV0PQ==', 'x-tenant': 'a=b' },
    timeoutMilliseconds: 2_500,
    resource: { 'service.name': 'organizations', 'deployment.environment.name': 'a,b' },
    sampling: { share: 0.25, followsParent: false },
  });
  assert.equal(
    read({ ...endpoint, OTEL_RESOURCE_ATTRIBUTES: 'service.name=other' })?.resource['service.name'],
    'other',
  );
});

test('each sampler has its share, and only those by parent go by it', () => {
  for (const [name, share, followsParent] of [
    ['always_on', 1, false],
    ['always_off', 0, false],
    ['traceidratio', 0.5, false],
    ['parentbased_always_on', 1, true],
    ['parentbased_always_off', 0, true],
    ['parentbased_traceidratio', 0.5, true],
  ] as const) {
    const sampling = read({ ...endpoint, OTEL_TRACES_SAMPLER: name, OTEL_TRACES_SAMPLER_ARG: '.5' })?.sampling;
    assert.deepEqual(sampling, { share, followsParent }, name);
  }
});

test('what is wrong is refused by the name of its variable, with what would be right and without a secret', () => {
  for (const [name, ...texts] of [
    [
      'OTEL_EXPORTER_OTLP_ENDPOINT',
      '127.0.0.1:4318',
      'grpc://collector',
      'http://me:S3cret@collector',
      'http://a?b=c',
      'http://',
    ],
    [
      'OTEL_EXPORTER_OTLP_HEADERS',
      'S3cret',
      '=S3cret',
      'a b=S3cret',
      'a=S3cret%0A',
      'a=%E0%A4S3cret',
      'a=S3cret%E2%82%AC',
    ],
    ['OTEL_EXPORTER_OTLP_PROTOCOL', 'grpc', 'http/protobuf'],
    ['OTEL_EXPORTER_OTLP_TIMEOUT', '0', '10s', '60001'],
    ['OTEL_RESOURCE_ATTRIBUTES', 'name', '=x', 'a=%'],
    ['OTEL_TRACES_SAMPLER', 'xray', 'parentbased_', 'parentbased_parentbased_always_on'],
    ['OTEL_TRACES_SAMPLER_ARG', '1.5', '-1', 'half', '1e-1'],
    ['OTEL_SDK_DISABLED', 'yes'],
  ] as const) {
    for (const text of texts) {
      const wrong = wrongIn({ ...endpoint, OTEL_TRACES_SAMPLER: 'traceidratio', [name]: text });
      assert.deepEqual(Object.keys(wrong), [name], text);
      const { found, right } = wrong[name] ?? {};
      assert.match(found ?? '', /\(environment\)$/);
      assert.match(right ?? '', /^must be /);
      assert.ok(!JSON.stringify(wrong).includes('S3cret'), text);
    }
  }
});

test('they are read from .env too, where the environment does not have them', () => {
  const dotenv = 'OTEL_EXPORTER_OTLP_ENDPOINT=http://a\nOTEL_SERVICE_NAME=one\n';
  const { collector } = readSettings({ OTEL_SERVICE_NAME: 'other' }, dotenv);
  assert.deepEqual([collector?.url, collector?.resource['service.name']], ['http://a/v1/traces', 'other']);
  assert.equal(readSettings({}).collector, undefined);
  assert.match(wrongIn({}, `${dotenv}OTEL_SDK_DISABLED=1\n`)['OTEL_SDK_DISABLED']?.found ?? '', /\(\.env\)$/);
});
