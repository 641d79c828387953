import { setTimeout as wait } from 'node:timers/promises';
import { type ChannelModel, type ConfirmChannel, connect } from 'amqplib';
import type { BrokerAddress } from '../settings/broker.ts';
import { type Broker, type BrokerLink, type BrokerMessage, contentType, patienceMilliseconds } from './broker.ts';
import { createUnconfirmed, type Unconfirmed } from './unconfirmed.ts';

/** Durable, of type topic. Queues are bound to it by those who want events. */
const exchange = 'tenantry.events';

/** Seconds; a side that hears nothing for twice as long takes the connection for dead. */
const heartbeat = 10;

/** What a close waits for the broker's answer. */
const closeMilliseconds = 800;

/** RabbitMQ, over AMQP 0-9-1 with publisher confirms (https://www.rabbitmq.com/docs/confirms). */
export function rabbitmq(address: BrokerAddress): Broker {
  return { system: 'rabbitmq', shown: address.shown, open: () => openLink(address) };
}

async function openLink({ hosts, isTls, user, password, virtualHost }: BrokerAddress): Promise<BrokerLink> {
  const [{ name: hostname, port } = { name: '', port: 0 }] = hosts;
  const protocol = isTls ? 'amqps' : 'amqp';
  const at = { protocol, hostname, port, vhost: virtualHost, heartbeat };
  const as = { ...(user !== undefined && { username: user }), ...(password !== undefined && { password }) };
  const connection = await connect(
    { ...at, ...as },
    {
      timeout: patienceMilliseconds,
      noDelay: true,
      clientProperties: { connection_name: 'tenantry' },
    },
  );
  const unconfirmed = createUnconfirmed();
  connection.on('error', unconfirmed.breakOff);
  connection.on('close', () => unconfirmed.breakOff(new Error('RabbitMQ has closed the connection')));
  connection.on('blocked', () => unconfirmed.hold(true));
  connection.on('unblocked', () => unconfirmed.hold(false));
  try {
    const channel = await inTime(openChannel(connection, unconfirmed));
    return {
      publish: (message) => unconfirmed.send((settle) => publish(channel, message, settle)),
      broken: unconfirmed.broken,
      async close() {
        unconfirmed.breakOff(new Error('the link is closed'));
        await close(connection);
      },
    };
  } catch (error) {
    unconfirmed.breakOff(error);
    await close(connection);
    throw error;
  }
}

async function openChannel(connection: ChannelModel, { breakOff }: Unconfirmed): Promise<ConfirmChannel> {
  const channel = await connection.createConfirmChannel();
  channel.on('error', breakOff);
  channel.on('close', () => breakOff(new Error('RabbitMQ has closed the channel')));
  await channel.assertExchange(exchange, 'topic', { durable: true });
  return channel;
}

function publish(channel: ConfirmChannel, { id, type, body }: BrokerMessage, settle: (wrong?: unknown) => void): void {
  const options = { messageId: id, type, contentType, contentEncoding: 'utf-8', persistent: true };
  channel.publish(exchange, `organization.${type}`, Buffer.from(body), options, settle);
}

function inTime<T>(work: Promise<T>): Promise<T> {
  const late = Promise.withResolvers<never>();
  const tooLate = () => late.reject(new Error(`RabbitMQ did not answer within ${patienceMilliseconds / 1_000} s`));
  const timer = setTimeout(tooLate, patienceMilliseconds);
  return Promise.race([work, late.promise]).finally(() => clearTimeout(timer));
}

/** Closes it as the protocol has it or, where that is not answered, by its socket. */
async function close(connection: ChannelModel): Promise<void> {
  const socket = socketOf(connection);
  // One that was closed before rejects.
  const closed = Promise.allSettled([(async () => connection.close())()]);
  await Promise.race([closed, wait(closeMilliseconds, undefined, { ref: false })]);
  socket?.destroy();
}

/** The library does not give its socket away, and has no other way to end a connection whose other side is silent. */
function socketOf({ connection }: ChannelModel): { destroy(): void } | undefined {
  return (connection as { readonly stream?: { destroy(): void } }).stream;
}
