import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { suite, test } from 'node:test';
import type { BrokerMessage } from '../../src/broker/broker.ts';
import { freePort } from '../free-port.ts';
import { soon } from '../soon.ts';
import { brokerAt, brokers, type TestBroker } from './brokers.ts';
import type { Received } from './consumer.ts';
import { startBrokerProxy } from './proxy.ts';

/** Messages of one test, by their numbers. */
function messagesOf(run = randomUUID()) {
  const message = (number: number): BrokerMessage => ({
    id: `${run}.${number}`,
    type: 'user.signed_in',
    body: JSON.stringify({ run, number, text: 'ü\n€' }),
  });
  const isOurs = ({ id }: Received) => id.startsWith(run);
  return { message, ofOurs: (received: readonly Received[]) => received.filter(isOurs) };
}

function contract(broker: TestBroker): void {
  test('what was confirmed comes to who wants it, as it was sent, in the order of the confirmations', async () => {
    await using consumer = await broker.consume();
    const link = await (await brokerAt(broker.url)).open();
    const { message, ofOurs } = messagesOf();
    for (let number = 0; number < 20; number += 1) await link.publish(message(number));
    await consumer.until((received) => ofOurs(received).length === 20);
    await link.close();
    const expected = Array.from({ length: 20 }, (_, number) => {
      const { id, type, body } = message(number);
      return { id, key: broker.keyOf(type), contentType: 'application/cloudevents+json', body };
    });
    assert.deepEqual(ofOurs(consumer.received), expected);
  });

  test('many at once are all confirmed', async () => {
    await using consumer = await broker.consume();
    const link = await (await brokerAt(broker.url)).open();
    const { message, ofOurs } = messagesOf();
    await Promise.all(Array.from({ length: 1_000 }, (_, number) => link.publish(message(number))));
    await consumer.until((received) => ofOurs(received).length >= 1_000);
    await link.close();
    assert.equal(new Set(ofOurs(consumer.received).map(({ id }) => id)).size, 1_000);
  });

  test('a link that is cut rejects what is not confirmed and all that comes later, and another one goes on', async () => {
    await using proxy = await startBrokerProxy(broker.url);
    await using consumer = await broker.consume();
    const { message, ofOurs } = messagesOf();
    const opened = await brokerAt(proxy.url);
    const link = await opened.open();
    await link.publish(message(0));
    proxy.fallSilent();
    const late = link.publish(message(1));
    proxy.cut();
    await assert.rejects(soon(late, 'the rejection'), (error: Error) => !/in vain/.test(error.message));
    assert.equal(link.broken.aborted, true);
    await assert.rejects(link.publish(message(2)));
    await link.close();
    const next = await (await brokerAt(broker.url)).open();
    await next.publish(message(3));
    await consumer.until((received) => ofOurs(received).some(({ id }) => id === message(3).id));
    await next.close();
  });

  test('a broker that falls silent does not keep anybody waiting for ever, nor one that never says a word', async () => {
    await using proxy = await startBrokerProxy(broker.url);
    const opened = await brokerAt(proxy.url);
    const link = await opened.open();
    proxy.fallSilent();
    const begun = performance.now();
    const opening = assert.rejects(opened.open());
    await assert.rejects(link.publish(messagesOf().message(0)));
    await opening;
    await link.close();
    assert.ok(performance.now() - begun < 25_000);
  });

  test('a link that is closed leaves nothing behind, and rejects what comes later', async () => {
    const link = await (await brokerAt(broker.url)).open();
    await link.close();
    await link.close();
    assert.equal(link.broken.aborted, true);
    await assert.rejects(link.publish(messagesOf().message(0)));
  });

  test('a broker that is not there, or lets nobody in, is told without the password', async () => {
    const { protocol, host } = new URL(broker.url);
    const gone = await brokerAt(`${protocol}//me:hidd%40en@127.0.0.1:${await freePort()}`);
    assert.doesNotMatch(gone.shown, /me|hidd/);
    await assert.rejects(gone.open(), (error: Error) => !JSON.stringify([error, error.stack]).includes('hidd'));
    if (broker.name !== 'rabbitmq') return;
    const closed = await brokerAt(`${protocol}//me:hidd%40en@${host}`);
    await assert.rejects(closed.open(), (error: Error) => {
      assert.match(error.message, /ACCESS.REFUSED/);
      return !JSON.stringify([error, error.stack]).includes('hidd');
    });
  });
}

for (const broker of brokers) {
  suite(`a broker: ${broker.name}`, { skip: broker.skip, timeout: 120_000, concurrency: 3 }, () => contract(broker));
}
