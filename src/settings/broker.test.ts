import assert from 'node:assert/strict';
import { test } from 'node:test';
import { brokerUrl } from './broker.ts';

function read(url: string) {
  const reading = brokerUrl.read(url, undefined);
  return 'value' in reading ? reading.value : reading.right;
}

test("a broker's address is read into its parts, and shown without user and password", () => {
  assert.deepEqual(read('amqp://me:p%40ss@mq.example.com:5673/pro%2Fduction'), {
    kind: 'rabbitmq',
    isTls: false,
    hosts: [{ name: 'mq.example.com', port: 5_673 }],
    user: 'me',
    password: 'p@ss',
    virtualHost: 'pro/duction',
    shown: 'amqp://***@mq.example.com:5673/pro%2Fduction',
  });
  assert.deepEqual(read('tls://token@n1.example.com,[::1]:4223'), {
    kind: 'nats',
    isTls: true,
    hosts: [
      { name: 'n1.example.com', port: 4_222 },
      { name: '::1', port: 4_223 },
    ],
    user: 'token',
    password: undefined,
    virtualHost: '/',
    shown: 'tls://***@n1.example.com,[::1]:4223',
  });
  for (const [url, port] of [
    ['amqp://mq', 5_672],
    ['amqps://mq/', 5_671],
    ['nats://mq', 4_222],
  ] as const) {
    const address = read(url);
    assert.ok(typeof address === 'object');
    assert.deepEqual([address.hosts, address.virtualHost], [[{ name: 'mq', port }], '/']);
  }
});

test('what is no address of a broker is refused, and nothing of it is told', () => {
  const wrong = [
    'kafka://mq',
    'mq:5672',
    'amqp://',
    'amqp://one,two',
    'amqp://mq:99999',
    'amqp://mq?heartbeat=1',
    'amqp://me:hid/den@mq',
    'amqp://me:hid%den@mq',
    'amqp://me:hid%FFden@mq',
    'nats://mq/production',
    'amqp://mq/one/two',
  ];
  for (const url of wrong) {
    const right = read(url);
    assert.equal(typeof right, 'string', url);
    assert.doesNotMatch(String(right), /hid|den/);
  }
  assert.match(String(read('kafka://mq')), /kafka:\/\/ is of no broker/);
});
