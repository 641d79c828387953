import type { FastifyRequest } from 'fastify';
import { operator } from '../access/principal.ts';
import type { Actor, Origin } from '../events/origin.ts';

/** Who makes this call, and from where, for the events that it brings about. */
export function originOf({ principal, id, address, span }: FastifyRequest): Origin {
  const from = { address, request_id: id, traceparent: span?.traceparent };
  if (principal === undefined) return { actor: anonymous, email: null, ...from };
  if (principal === operator) return { actor: { type: 'operator', id: null }, email: null, ...from };
  return { actor: { type: 'user', id: principal.user_id }, email: principal.email, ...from };
}

const anonymous: Actor = { type: 'anonymous', id: null };
