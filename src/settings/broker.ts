import type { Kind } from './kinds.ts';

/** Where a broker is, and as whom it is used. */
export interface BrokerAddress {
  readonly kind: 'rabbitmq' | 'nats';
  readonly isTls: boolean;
  /** One for RabbitMQ, one or more of a cluster for NATS. */
  readonly hosts: readonly { readonly name: string; readonly port: number }[];
  /** As it is, without escapes; of NATS without a password a token. */
  readonly user: string | undefined;
  readonly password: string | undefined;
  /** RabbitMQ's virtual host. */
  readonly virtualHost: string;
  /** As it may be shown: without user and password. */
  readonly shown: string;
}

const schemes = {
  amqp: { kind: 'rabbitmq', isTls: false, port: 5_672 },
  amqps: { kind: 'rabbitmq', isTls: true, port: 5_671 },
  nats: { kind: 'nats', isTls: false, port: 4_222 },
  tls: { kind: 'nats', isTls: true, port: 4_222 },
} as const;

const host = String.raw`(?:\[[\dA-Fa-f:.%]+\]|[^\s/?#[\]@,:]+)(?::\d{1,5})?`;

/** What may stand in user, password and virtual host; all else is escaped. */
const text = String.raw`(?:%[\dA-Fa-f]{2}|[^\s%/?#[\]@:])+`;

/** Every part in its place, so that no part of a password is ever taken for a host. */
const form = new RegExp(
  `^(?<scheme>amqps?|nats|tls)://(?:(?<user>${text})(?::(?<password>${text}))?@)?(?<hosts>${host}(?:,${host})*)(?:/(?<path>${text})?)?$`,
);

const escapes = ': / ? # [ ] @ % and spaces are written as %3A %2F %3F %23 %5B %5D %40 %25 and %20';

/**
 * Where a broker is: RabbitMQ (https://www.rabbitmq.com/docs/uri-spec) or NATS with JetStream. Without options: what there
 * is to choose about a connection the service chooses.
 */
export const brokerUrl: Kind<BrokerAddress> = {
  accepts:
    'amqp:// or amqps:// for RabbitMQ, nats:// or tls:// for NATS, then user:password@ if need be, then a host (of NATS several with commas between), then of RabbitMQ / and a virtual host if need be, such as amqp://tenantry:password@mq.example.com/production',
  read(given) {
    const parts = form.exec(given)?.groups;
    const address = parts && addressOf(parts);
    if (address !== undefined) return { value: address };
    const scheme = /^[a-z][a-z\d+.-]*(?=:\/\/)/i.exec(given)?.[0];
    if (scheme !== undefined && !(scheme in schemes)) {
      return { right: `${brokerUrl.accepts}; ${scheme}:// is of no broker that is known here` };
    }
    return {
      right: given.includes('@') ? `${brokerUrl.accepts}; in user and password ${escapes}` : brokerUrl.accepts,
    };
  },
};

/** @returns undefined where parts stand together that do not go together */
function addressOf(parts: Readonly<Record<string, string | undefined>>): BrokerAddress | undefined {
  const { scheme = '', user, password, hosts: given = '', path } = parts;
  const { kind, isTls, port } = schemes[scheme as keyof typeof schemes];
  const hosts = given.split(',').map((each) => {
    const { name = '', own } = /^\[?(?<name>.*?)\]?(?::(?<own>\d+))?$/.exec(each)?.groups ?? {};
    return { name, port: own === undefined ? port : Number(own) };
  });
  const isOfOne = kind === 'nats' || hosts.length === 1;
  if (!isOfOne || hosts.some((each) => each.port > 65_535) || (kind === 'nats' && path !== undefined)) return undefined;
  const plain = (part: string | undefined) => (part === undefined ? undefined : unescaped(part));
  const [plainUser, plainPassword, virtualHost] = [plain(user), plain(password), plain(path ?? '%2F')];
  if (virtualHost === undefined || (user && !plainUser) || (password && !plainPassword)) return undefined;
  const shown = `${scheme}://${user === undefined ? '' : '***@'}${given}${path === undefined ? '' : `/${path}`}`;
  return { kind, isTls, hosts, user: plainUser, password: plainPassword, virtualHost, shown };
}

/** @returns undefined where the escapes are no UTF-8 */
function unescaped(part: string): string | undefined {
  try {
    return decodeURIComponent(part);
  } catch (error) {
    if (error instanceof URIError) return undefined;
    throw error;
  }
}
