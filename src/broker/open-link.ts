import type { Broker, BrokerLink } from './broker.ts';

/**
 * Opens a link. Who gives up before that does not wait for a broker that says nothing: what it opens after all is closed.
 *
 * @throws {Error} as `open` does, or the reason of the signal
 */
export async function openLink(broker: Broker, signal: AbortSignal): Promise<BrokerLink> {
  const { promise: stopped, reject } = Promise.withResolvers<never>();
  const stop = () => reject(signal.reason);
  signal.addEventListener('abort', stop, { once: true });
  if (signal.aborted) stop();
  const opening = broker.open();
  try {
    return await Promise.race([opening, stopped]);
  } catch (error) {
    // Where it failed nothing is open.
    void opening.then(
      (link) => link.close(),
      () => undefined,
    );
    throw error;
  } finally {
    signal.removeEventListener('abort', stop);
  }
}
