import type { BrokerAddress } from '../settings/broker.ts';
import { patienceMilliseconds } from './broker.ts';
import { openBroker } from './open.ts';
import { openLink } from './open-link.ts';

/** What was found of a broker, for the operator. Events wait where there is none, so that nothing of it is wrong. */
export interface BrokerFinding {
  readonly verdict: 'ok' | 'warning';
  readonly text: string;
}

/**
 * Looks whether the broker at this address can be used, by a link that is opened as the service opens it, which makes what
 * events are sent to where it is missing. Nothing is sent.
 */
export async function examineBroker(address: BrokerAddress): Promise<BrokerFinding> {
  const ending = new AbortController();
  const late = () => ending.abort(new Error(`no answer within ${patienceMilliseconds / 1_000} s`));
  const timer = setTimeout(late, patienceMilliseconds);
  try {
    const link = await openLink(await openBroker(address), ending.signal);
    await link.close();
    return { verdict: 'ok', text: `the broker ${address.shown} takes this user, and has what events are sent to` };
  } catch (error) {
    const text = `TENANTRY_BROKER_URL: ${address.shown} cannot be used (${reasonOf(error, address)}); events wait`;
    return { verdict: 'warning', text };
  } finally {
    clearTimeout(timer);
  }
}

/** What a driver says, without the password or, of NATS, the token. */
function reasonOf(error: unknown, { user, password = user }: BrokerAddress): string {
  const text = messagesOf(error).join('; ');
  return password === undefined ? text : text.replaceAll(password, '***');
}

/** Where a name has several addresses what each of them said, and without an own message that of the cause. */
function messagesOf(error: unknown): string[] {
  if (error instanceof AggregateError) return error.errors.flatMap(messagesOf);
  if (!(error instanceof Error)) return [String(error)];
  return [error.message, ...(error.cause === undefined ? [] : messagesOf(error.cause))].filter((text) => text !== '');
}
