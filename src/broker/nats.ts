import { type JetStreamManager, jetstream, jetstreamManager, StorageType } from '@nats-io/jetstream';
import { connect, headers, type NatsConnection, nanos } from '@nats-io/transport-node';
import type { BrokerAddress } from '../settings/broker.ts';
import { type Broker, type BrokerLink, contentType, patienceMilliseconds } from './broker.ts';
import { createUnconfirmed } from './unconfirmed.ts';

/** What all subjects begin with. */
const subject = 'tenantry.events';

/** The stream that is made where there is none for the subjects. */
const stream = 'tenantry-events';

const dayMilliseconds = 24 * 60 * 60 * 1_000;

/** How long the stream that is made keeps events: it has to end somewhere. */
const keptMilliseconds = 7 * dayMilliseconds;

const minute = 60_000;

/** Within which the stream that is made knows an id again. */
const duplicateMilliseconds = 10 * minute;

/** NATS with JetStream (https://docs.nats.io/nats-concepts/jetstream). */
export function nats(address: BrokerAddress): Broker {
  return { system: 'nats', shown: address.shown, open: () => openLink(address) };
}

async function openLink({ hosts, isTls, user, password }: BrokerAddress): Promise<BrokerLink> {
  const connection = await connect({
    servers: hosts.map(({ name, port }) => (name.includes(':') ? `[${name}]:${port}` : `${name}:${port}`)),
    ...(user !== undefined && (password === undefined ? { token: user } : { user, pass: password })),
    ...(isTls && { tls: {} }),
    name: 'tenantry',
    // What is under way when a connection breaks would be sent again in another order.
    reconnect: false,
    timeout: patienceMilliseconds,
    pingInterval: patienceMilliseconds,
    noAsyncTraces: true,
  });
  const unconfirmed = createUnconfirmed();
  connection
    .closed()
    .then((error) => unconfirmed.breakOff(error ?? new Error('NATS has closed the connection')), unconfirmed.breakOff);
  const close = async () => {
    unconfirmed.breakOff(new Error('the link is closed'));
    await connection.close();
  };
  try {
    await settleStream(await jetstreamManager(connection, { timeout: patienceMilliseconds }));
  } catch (error) {
    await close();
    throw error;
  }
  return { publish: publisher(connection, unconfirmed.send), broken: unconfirmed.broken, close };
}

function publisher(
  connection: NatsConnection,
  send: ReturnType<typeof createUnconfirmed>['send'],
): BrokerLink['publish'] {
  // Longer than the link waits, which breaks then.
  const client = jetstream(connection, { timeout: 2 * patienceMilliseconds });
  return ({ id, type, body }) =>
    send((settle) => {
      const head = headers();
      head.set('content-type', contentType);
      client.publish(`${subject}.${type}`, body, { msgID: id, headers: head }).then(() => settle(), settle);
    });
}

/** Any stream for the subjects is right: the operator's own may have replicas, and other bounds. */
async function settleStream({ streams }: JetStreamManager): Promise<void> {
  const subjects = `${subject}.>`;
  const standing = await streams.names(subjects).next();
  if (standing.length > 0) return;
  await streams.add({
    name: stream,
    subjects: [subjects],
    storage: StorageType.File,
    max_age: nanos(keptMilliseconds),
    duplicate_window: nanos(duplicateMilliseconds),
  });
}
