import type { ToldCall } from './document.ts';
import { operatorToken, type Sent } from './ground.ts';
import type { Standing } from './standing.ts';

/** The call as its example has it, with a token where it wants one. */
export function wellFormed(call: ToldCall, { acmeToken }: Standing): Sent {
  const examples = (place: 'path' | 'query') =>
    call.parameters.flatMap(({ name, in: where, example }): [string, string][] =>
      where === place && example !== undefined ? [[name, example]] : [],
    );
  const query = new URLSearchParams(examples('query'));
  const path = examples('path').reduce(
    (path, [name, example]) => path.replace(`{${name}}`, encodeURIComponent(example)),
    call.path,
  );
  const token = { admin: acmeToken, operator: operatorToken };
  const { body } = call;
  const value = body?.examples[0];
  return {
    method: call.method,
    path: query.size === 0 ? path : `${path}?${query}`,
    headers: {
      ...(call.bearer && { authorization: `Bearer ${token[call.bearer]}` }),
      ...(body !== undefined && { 'content-type': body.mediaTypes[0] ?? '' }),
    },
    ...(body !== undefined && { body: typeof value === 'string' ? value : JSON.stringify(value) }),
  };
}
