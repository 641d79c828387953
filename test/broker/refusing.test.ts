import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { DiscardPolicy, jetstreamManager } from '@nats-io/jetstream';
import { connect as connectNats } from '@nats-io/transport-node';
import { connect as connectRabbitmq } from 'amqplib';
import { brokerAt } from './brokers.ts';
import { missingNats, ownNats } from './nats.ts';
import { missingRabbitmq, rabbitmqUrl } from './rabbitmq.ts';

const message = (id: string, type = 'user.signed_in') => ({ id, type, body: '{}' });

suite('a RabbitMQ that refuses', { skip: missingRabbitmq, timeout: 60_000 }, () => {
  test('a message for a queue that is full rejects it, and the next ones are taken when there is room', async () => {
    const url = rabbitmqUrl() ?? '';
    const connection = await connectRabbitmq(url);
    const channel = await connection.createChannel();
    await channel.assertExchange('tenantry.events', 'topic', { durable: true });
    const full = { exclusive: true, maxLength: 1, arguments: { 'x-overflow': 'reject-publish' } };
    const { queue } = await channel.assertQueue('', full);
    // Of a type that no other test has.
    await channel.bindQueue(queue, 'tenantry.events', 'organization.test.refused');
    const link = await (await brokerAt(url)).open();
    await link.publish(message('1', 'test.refused'));
    await assert.rejects(link.publish(message('2', 'test.refused')));
    assert.equal(link.broken.aborted, false);
    await channel.purgeQueue(queue);
    await link.publish(message('2', 'test.refused'));
    const taken = await channel.get(queue, { noAck: true });
    assert.ok(taken);
    assert.equal(taken.properties.messageId, '2');
    await link.close();
    await connection.close();
  });

  test('a virtual host that is not there lets nobody in, and the one that is there does', async () => {
    const url = rabbitmqUrl() ?? '';
    await assert.rejects((await brokerAt(`${url}/not%2Fthere`)).open(), /ConnectionClose/);
    await (await (await brokerAt(`${url}/%2F`)).open()).close();
  });
});

suite('a NATS of the operator', { skip: missingNats, timeout: 60_000 }, () => {
  test('has a stream of its own, which is used as it is: what is full refuses, and doubles are left out', async () => {
    await using server = await ownNats();
    await server.start();
    const connection = await connectNats({ servers: server.url });
    const { streams } = await jetstreamManager(connection);
    const limits = { max_msgs: 2, discard: DiscardPolicy.New };
    await streams.add({ name: 'own', subjects: ['tenantry.>'], ...limits });
    const link = await (await brokerAt(server.url)).open();
    assert.deepEqual(await streams.names().next(), ['own']);
    for (const id of ['1', '1', '2', '1']) await link.publish(message(id));
    assert.equal((await streams.info('own')).state.messages, 2);
    await assert.rejects(link.publish(message('3')), /maximum messages/);
    assert.equal(link.broken.aborted, false);
    await streams.purge('own');
    await link.publish(message('3'));
    assert.equal((await streams.info('own')).state.messages, 1);
    await link.close();
    await connection.close();
  });

  test('gets a stream in files, with an end, where there is none', async () => {
    await using server = await ownNats();
    await server.start();
    for (let time = 0; time < 2; time += 1) await (await (await brokerAt(server.url)).open()).close();
    const connection = await connectNats({ servers: server.url });
    const { streams } = await jetstreamManager(connection);
    const { config } = await streams.info('tenantry-events');
    assert.deepEqual([config.subjects, config.storage], [['tenantry.events.>'], 'file']);
    assert.equal(config.max_age, 7 * 86_400 * 1e9);
    await connection.close();
  });
});
