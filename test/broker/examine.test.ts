import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { jetstreamManager } from '@nats-io/jetstream';
import { connect as connectNats } from '@nats-io/transport-node';
import { connect as connectRabbitmq } from 'amqplib';
import type { BrokerFinding } from '../../src/broker/examine.ts';
import { examineDatabase } from '../../src/examine.ts';
import { makeSecret } from '../../src/identity/secret.ts';
import { readSettings } from '../../src/settings.ts';
import { freePort } from '../free-port.ts';
import { missing } from '../mongodb/address.ts';
import { scratchDatabase } from '../mongodb/scratch.ts';
import { dataDirectory } from '../service/service.ts';
import { brokers } from './brokers.ts';
import { missingNats, ownNats } from './nats.ts';
import { lackingRabbitmq, startRabbitmq } from './own-rabbitmq.ts';
import { startBrokerProxy } from './proxy.ts';

/** What the doctor finds of the broker at an address. */
async function examined(url: string, settings: Readonly<Record<string, string>> = {}): Promise<BrokerFinding> {
  await using directory = await dataDirectory();
  const given = { TENANTRY_DATA_DIR: directory.path, TENANTRY_BROKER_URL: url, ...settings };
  const found = await examineDatabase(readSettings(given).settings);
  const [finding, ...others] = found.filter(({ text }) => /broker/i.test(text));
  assert.ok(finding);
  assert.deepEqual(others, []);
  assert.doesNotMatch(finding.text, /hidden-word/);
  assert.notEqual(finding.verdict, 'wrong');
  return finding as BrokerFinding;
}

/** What is wrong with it, for the operator. */
async function warnedOf(url: string): Promise<string> {
  const { verdict, text } = await examined(url);
  assert.equal(verdict, 'warning', text);
  assert.match(text, /^TENANTRY_BROKER_URL: \S+ cannot be used \(.+\); events wait$/);
  return text;
}

/** The address with a user and a password. */
function as(url: string, user: string): string {
  const { protocol, host } = new URL(url);
  return `${protocol}//${user}:hidden-word@${host}`;
}

for (const { name, url, skip } of brokers) {
  suite(`the doctor and a broker: ${name}`, { skip, timeout: 120_000, concurrency: 4 }, () => {
    test('one that can be used is told with its address', async () => {
      const { verdict, text } = await examined(url);
      assert.equal(verdict, 'ok', text);
      assert.ok(text.includes(`//${new URL(url).host}`) || text.includes(`@${new URL(url).host}`), text);
    });

    test('where nothing listens that is told, without user and password', async () => {
      const { protocol } = new URL(url);
      const text = await warnedOf(as(`${protocol}//127.0.0.1:${await freePort()}`, 'someone'));
      assert.match(text, /refused/i);
      assert.doesNotMatch(text, /someone/);
    });

    test('one that takes connections and says nothing is told in time', async () => {
      await using proxy = await startBrokerProxy(url);
      proxy.fallSilent();
      const begun = performance.now();
      await warnedOf(proxy.url);
      assert.ok(performance.now() - begun < 15_000);
    });
  });
}

test('of a process that hands no events on the broker is told and not asked', { skip: missing }, async () => {
  await using scratch = scratchDatabase();
  const { verdict, text } = await examined(`amqp://127.0.0.1:${await freePort()}`, {
    TENANTRY_DATABASE_URL: scratch.url,
    TENANTRY_DATABASE_NAME: scratch.name,
    TENANTRY_SECRET: makeSecret(),
    TENANTRY_ROLES: 'api',
  });
  assert.equal(verdict, 'ok');
  assert.match(text, /^the broker amqp:\/\/127\.0\.0\.1:\d+ is used by processes with the role worker/);
});

suite('the doctor and a RabbitMQ', { skip: lackingRabbitmq, timeout: 120_000 }, () => {
  test('that does not know the user, or has another exchange of the name, is told with why', async () => {
    await using server = await startRabbitmq();
    assert.match(await warnedOf(as(server.url, 'guest')), /ACCESS.REFUSED/);
    await using connection = Object.assign(await connectRabbitmq(server.url), {
      [Symbol.asyncDispose]: async () => await connection.close(),
    });
    const channel = await connection.createChannel();
    await channel.assertExchange('tenantry.events', 'direct', { durable: true });
    assert.match(await warnedOf(server.url), /PRECONDITION.FAILED.*'tenantry\.events'/);
    await channel.deleteExchange('tenantry.events');
    assert.equal((await examined(server.url)).verdict, 'ok');
  });
});

suite('the doctor and a NATS', { skip: missingNats, timeout: 120_000 }, () => {
  test('that does not know the user is told with why', async () => {
    await using server = await ownNats('--user', 'tenantry', '--pass', 'right-word');
    await server.start();
    assert.match(await warnedOf(as(server.url, 'tenantry')), /Authorization Violation/i);
    assert.match(await warnedOf(server.url.replace('//', '//hidden-word@')), /Authorization Violation/i);
    const { verdict } = await examined(as(server.url, 'tenantry').replace('hidden-word', 'right-word'));
    assert.equal(verdict, 'ok');
  });

  test('where the stream cannot be made is told with why', async () => {
    await using server = await ownNats();
    await server.start();
    const connection = await connectNats({ servers: server.url });
    const { streams } = await jetstreamManager(connection);
    await streams.add({ name: 'tenantry-events', subjects: ['others.>'] });
    assert.match(await warnedOf(server.url), /stream name already in use/);
    assert.deepEqual((await streams.info('tenantry-events')).config.subjects, ['others.>']);
    await streams.delete('tenantry-events');
    assert.equal((await examined(server.url)).verdict, 'ok');
    await connection.close();
  });
});
