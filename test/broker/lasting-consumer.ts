import { setTimeout } from 'node:timers/promises';
import { type ChannelModel, connect } from 'amqplib';
import { type Consumer, createReceived } from './consumer.ts';

const queue = 'lasting';
const pauseMilliseconds = 200;

/** A consumer as a good one would be: of a durable queue, which acknowledges what it has, and comes back where it was cut. */
export async function consumeLasting(url: string): Promise<Consumer> {
  const { received, add, until } = createReceived();
  const over = new AbortController();
  let standing = await open(url, add);

  async function goOn(): Promise<void> {
    while (!over.signal.aborted) {
      await new Promise((resolve) => {
        standing.once('close', resolve);
        over.signal.addEventListener('abort', resolve);
      });
      while (!over.signal.aborted) {
        // It is not back yet.
        const next = await open(url, add).catch(() => undefined);
        if (next !== undefined) {
          standing = next;
          break;
        }
        await setTimeout(pauseMilliseconds);
      }
    }
  }

  const going = goOn();
  return {
    received,
    until,
    async [Symbol.asyncDispose]() {
      over.abort();
      await going;
      // It rejects where the connection is gone already.
      await Promise.allSettled([standing.close()]);
    },
  };
}

async function open(url: string, add: (message: Consumer['received'][number]) => void): Promise<ChannelModel> {
  const connection = await connect(url);
  // Without listeners a broker that dies would end the test. What becomes of it is told by `close`.
  connection.on('error', () => {});
  const channel = await connection.createChannel();
  channel.on('error', () => {});
  await channel.assertExchange('tenantry.events', 'topic', { durable: true });
  await channel.assertQueue(queue, { durable: true });
  await channel.bindQueue(queue, 'tenantry.events', 'organization.#');
  await channel.consume(queue, (message) => {
    if (message === null) return;
    const { messageId, contentType } = message.properties;
    const body = message.content.toString();
    add({ id: String(messageId), key: message.fields.routingKey, contentType: String(contentType), body });
    channel.ack(message);
  });
  return connection;
}
