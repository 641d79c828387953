import { connect } from 'amqplib';
import { type Consumer, createReceived } from './consumer.ts';

/** The RabbitMQ that the tests use, from `TEST_RABBITMQ_URL`: `amqp://HOST:PORT`. Undefined where it names none. */
export function rabbitmqUrl(): string | undefined {
  return process.env['TEST_RABBITMQ_URL'] || undefined;
}

/** For `skip`: the reason why tests on RabbitMQ are left out, or false where they run. */
export const missingRabbitmq: string | false = rabbitmqUrl() === undefined && 'TEST_RABBITMQ_URL names no server';

/** Binds a queue of its own to all events, those of other tests too. */
export async function consumeRabbitmq(url: string): Promise<Consumer> {
  const { received, add, until } = createReceived();
  const connection = await connect(url);
  const channel = await connection.createChannel();
  await channel.assertExchange('tenantry.events', 'topic', { durable: true });
  const { queue } = await channel.assertQueue('', { exclusive: true });
  await channel.bindQueue(queue, 'tenantry.events', 'organization.#');
  await channel.consume(
    queue,
    (message) => {
      if (message === null) return;
      const { messageId, contentType } = message.properties;
      const body = message.content.toString();
      add({ id: String(messageId), key: message.fields.routingKey, contentType: String(contentType), body });
    },
    { noAck: true },
  );
  return { received, until, [Symbol.asyncDispose]: () => connection.close() };
}
