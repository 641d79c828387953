/** An event as it is given to a broker. */
export interface BrokerMessage {
  /** The event's: a broker that knows two of one id takes the second for the first. */
  readonly id: string;
  /** The event's, such as `user.signed_in`; by it consumers choose. */
  readonly type: string;
  /** JSON, of the content type `contentType`. */
  readonly body: string;
}

/** A CloudEvent in structured mode (CloudEvents 1.0, JSON event format, section 3). */
export const contentType = 'application/cloudevents+json';

/**
 * The port for brokers. What a caller may rely on, whatever the broker:
 *
 * - **What was confirmed stays.** `publish` resolves when the broker has the message on its disk, or has found that nobody
 *   wants it; not before.
 * - **In order.** Of two messages the second of which is published after the first one was confirmed, each consumer gets
 *   the first one first. Of those that are published at once nothing is promised.
 * - **At least once.** A message whose `publish` rejects may have arrived, or may arrive yet.
 * - A link that broke stays broken: whoever goes on opens another.
 */
export interface Broker {
  /** As OpenTelemetry's conventions call it. */
  readonly system: 'rabbitmq' | 'nats';
  /** What and where it is, for people: without user and password. */
  readonly shown: string;
  /** Opens a link, and makes at the broker what messages are sent to. Gives up after `patienceMilliseconds`. */
  open(): Promise<BrokerLink>;
}

/** A connection to a broker. */
export interface BrokerLink {
  /** Resolves when the broker has confirmed the message; rejects where it refuses it, or the link breaks. */
  publish(message: BrokerMessage): Promise<void>;
  /** Aborted when the link is broken, with the reason. */
  readonly broken: AbortSignal;
  /** Ends it: what is not confirmed by then is rejected. Never rejects, and takes a second at most. */
  close(): Promise<void>;
}

/** How long a broker may take to answer. */
export const patienceMilliseconds = 10_000;
