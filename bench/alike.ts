import type { Serving } from './service.ts';

/** A request as `fetch` takes it. */
export interface Asked {
  readonly path: string;
  /** Sent by POST, as JSON. */
  readonly body?: object;
  readonly token?: string;
  /** Members and header fields of the answer that differ from one to the next; of them the lengths alone are compared. */
  readonly varying?: readonly string[];
}

/** Sends a request, beside the load. */
export function ask({ host, port }: Serving, { path, body, token }: Asked): Promise<Response> {
  const bearer: Record<string, string> = token === undefined ? {} : { authorization: `Bearer ${token}` };
  const sent = {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...bearer },
    body: JSON.stringify(body),
  };
  return fetch(`http://${host}:${port}${path}`, body === undefined ? { headers: bearer } : sent);
}

/** Makes sure that two servers answer a request with the same bytes. @throws {Error} they do not */
export async function demandAlike(servings: readonly Serving[], asked: Asked): Promise<void> {
  const [one, ...others] = await Promise.all(servings.map((serving) => answerOf(serving, asked)));
  const different = others.find((other) => other !== one);
  if (different !== undefined) throw new Error(`the sides do not answer alike:\n${one}\n${different}`);
}

/** An answer without what differs from one to the next. */
async function answerOf(serving: Serving, asked: Asked): Promise<string> {
  const { varying = [] } = asked;
  const answer = await ask(serving, asked);
  const varyingHeaders = ['date', 'keep-alive', 'x-request-id', 'ratelimit'];
  const headers = [...answer.headers]
    .filter(([name]) => !varyingHeaders.includes(name))
    .map(([name, value]) => [name, varying.includes(name) ? value.length : value])
    .sort();
  let text = await answer.text();
  for (const name of varying) {
    const member = new RegExp(`"${name}":"((?:[^"\\\\]|\\\\.)*)"`);
    text = text.replace(member, (_, value: string) => `"${name}":${value.length}`);
  }
  return `${answer.status} ${JSON.stringify(headers)} ${text}`;
}
