import { type OutgoingHttpHeader, type OutgoingHttpHeaders, ServerResponse } from 'node:http';
import type { Connections } from './connections.ts';
import type { Workload } from './workload.ts';

/**
 * The security headers of every answer, as one fixed block. HSTS (RFC 6797) is for a host that callers reach by https:
 * elsewhere it would lock them out.
 */
export function securityHeaders(publicUrl: string | undefined): Readonly<Record<string, string>> {
  return {
    'content-security-policy': "default-src 'none'; frame-ancestors 'none'",
    'x-content-type-options': 'nosniff',
    'x-frame-options': 'DENY',
    'referrer-policy': 'no-referrer',
    'cross-origin-opener-policy': 'same-origin',
    'cross-origin-resource-policy': 'same-origin',
    ...(publicUrl?.startsWith('https:') && { 'strict-transport-security': 'max-age=31536000' }),
  };
}

type Fields = OutgoingHttpHeaders | OutgoingHttpHeader[];

/**
 * The class of Node's answers, with a block of headers in each; an answer's own header of the same name wins. Here, where
 * every answer passes, also those that no route makes, they cost the least: less than setting each, and a hook would
 * not see all of them. Each gives its room back when it is made.
 */
export function answerWith(
  block: Readonly<Record<string, string>>,
  connections: Connections,
  workload: Pick<Workload, 'giveBack'>,
): typeof ServerResponse {
  return class Answer extends ServerResponse {
    override writeHead(status: number, reason?: string | Fields, fields?: Fields): this {
      // Fastify and Node give objects; Node's own array was for a missing Host, which is checked elsewhere.
      const given = (typeof reason === 'string' ? fields : reason) as OutgoingHttpHeaders | undefined;
      const all: OutgoingHttpHeaders = { ...block, ...given };
      // What was set one by one would lose against what is written at once.
      for (const name of this.getHeaderNames()) if (name in block && given?.[name] === undefined) delete all[name];
      if (connections.stopping) all['connection'] = 'close';
      return typeof reason === 'string' ? super.writeHead(status, reason, all) : super.writeHead(status, all);
    }

    /** Its work is over here, however long it waits then for its reader, or for the answers before it to leave. */
    override end(...given: unknown[]): this {
      super.end(...(given as []));
      workload.giveBack(this);
      return this;
    }
  } as typeof ServerResponse;
}
