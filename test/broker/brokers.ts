import type { Broker } from '../../src/broker/broker.ts';
import { openBroker } from '../../src/broker/open.ts';
import { brokerUrl } from '../../src/settings/broker.ts';
import type { Consumer } from './consumer.ts';
import { consumeNats, missingNats, natsUrl } from './nats.ts';
import { consumeRabbitmq, missingRabbitmq, rabbitmqUrl } from './rabbitmq.ts';

/** What the suites need of a broker. */
export interface TestBroker {
  /** Told in the names of the suites. */
  readonly name: string;
  /** For `skip` of a suite: the reason why it is left out, or false where it runs. */
  readonly skip: string | false;
  /** Where it is; for a suite that runs. */
  readonly url: string;
  /** What a message of this type is found by. */
  keyOf(type: string): string;
  /** Somebody who wants all events from now on. */
  consume(): Promise<Consumer>;
}

/** The service's broker at an address. */
export function brokerAt(url: string): Promise<Broker> {
  const reading = brokerUrl.read(url, undefined);
  if ('right' in reading) throw new Error(reading.right);
  return openBroker(reading.value);
}

/** Every broker that there is. */
export const brokers: readonly TestBroker[] = [
  {
    name: 'rabbitmq',
    skip: missingRabbitmq,
    url: rabbitmqUrl() ?? '',
    keyOf: (type) => `organization.${type}`,
    consume: () => consumeRabbitmq(rabbitmqUrl() ?? ''),
  },
  {
    name: 'nats',
    skip: missingNats,
    url: natsUrl() ?? '',
    keyOf: (type) => `tenantry.events.${type}`,
    async consume() {
      const url = natsUrl() ?? '';
      // Makes the stream where there is none.
      const link = await (await brokerAt(url)).open();
      await link.close();
      return await consumeNats(url);
    },
  },
];
