import type { FastifyReply, FastifyRequest } from 'fastify';
import { idOf, operator } from '../access/principal.ts';
import type { Log } from '../log.ts';
import { endSpan } from './request-span.ts';

/** An answer as the metrics count it. */
export interface Answered {
  readonly method: string;
  /** The route's pattern, or `unknown`: never the path itself, of which there is no end. */
  readonly route: string;
  /** 499 where the caller hung up before it had the answer. */
  readonly status: number;
  readonly seconds: number;
  /** Of the problem that was told. */
  readonly code?: string | undefined;
}

/** Who is told of answers. */
export interface Listeners {
  readonly log: Log;
  onAnswer(answered: Answered): void;
  /** Whose a path is that processes of another role have; undefined: nobody's. */
  elsewhere(path: string): string | undefined;
}

interface AnswerLine {
  readonly request_id: string;
  readonly method: string;
  readonly route: string;
  readonly status: number;
  readonly milliseconds: number;
  readonly address: string;
  readonly bytes: number;
  /** Who called, where the call demands a token: a user's id, or `operator`. */
  caller?: string;
  /** The id of the organization that the path names, where the caller may know of it. */
  organization?: string;
  /** Of the problem that was told. */
  code?: string;
  /** Of the processes that have what was asked for, where this one does not. */
  role?: string;
  /** Of its trace, where there is one. */
  trace_id?: string;
  span_id?: string;
}

/** nginx's status for a caller that hung up. */
const HUNG_UP = 499;

/**
 * Writes the one line that a request has in the log, counts it, and ends its span, as soon as its answer is sent or cannot
 * be any more.
 * No header, no query and nothing of the body is in it.
 */
export function logWhenAnswered(
  { log, onAnswer, elsewhere }: Listeners,
  request: FastifyRequest,
  reply: FastifyReply,
): void {
  const begun = performance.now();
  reply.raw.on('close', () => {
    const milliseconds = performance.now() - begun;
    const method = request.method;
    const route = request.routeOptions.url ?? 'unknown';
    const status = reply.raw.writableFinished ? reply.raw.statusCode : HUNG_UP;
    const line: AnswerLine = {
      request_id: request.id,
      method,
      route,
      status,
      milliseconds: Math.round(milliseconds * 100) / 100,
      address: request.address,
      bytes: Number(reply.getHeader('content-length') ?? 0),
    };
    if (request.principal !== undefined) line.caller = idOf(request.principal);
    const organization = request.organization?.id ?? request.trail;
    if (organization !== undefined) line.organization = organization;
    if (reply.problemCode !== undefined) line.code = reply.problemCode;
    const role = request.is404 ? elsewhere(request.url.split('?', 1)[0] ?? '') : undefined;
    if (role !== undefined) line.role = role;
    // The answer ends outside of what was done for it, and that of a stream behind its span.
    Object.assign(line, request.span?.ids);
    // What the operator does with the data of others is in the log in any case.
    if (request.principal === operator) log.audit(line, 'answered');
    else log.info(line, 'answered');
    onAnswer({ method, route, status, seconds: milliseconds / 1_000, code: reply.problemCode });
    endSpan(request, { status, code: reply.problemCode });
  });
}
