import type { BrokerAddress } from '../settings/broker.ts';
import type { Broker } from './broker.ts';

/** The broker at an address; nothing is connected yet. Each library is imported where it is used. */
export async function openBroker(address: BrokerAddress): Promise<Broker> {
  switch (address.kind) {
    case 'rabbitmq': {
      const { rabbitmq } = await import('./rabbitmq.ts');
      return rabbitmq(address);
    }
    case 'nats': {
      const { nats } = await import('./nats.ts');
      return nats(address);
    }
  }
}
