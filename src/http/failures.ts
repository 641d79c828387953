import type { FastifyReply, FastifyRequest } from 'fastify';
import { TenantryError } from '../errors.ts';
import type { Log } from '../log.ts';
import { tellStandings } from './limiting.ts';
import { EdgeError, type Problem, type ProblemCode, tellProblem } from './problems.ts';
import { summary } from './query.ts';

/** The one place where what was thrown becomes an answer. */
export type FailureHandler = (error: Error, request: FastifyRequest, reply: FastifyReply) => void;

/** Makes the handler. What is not expected, and what came from inside, goes to the log and never to the answer. */
export function failureHandler(log: Log): FailureHandler {
  return (error, request, reply) => {
    const problem = problemOf(error, request.method);
    if (error instanceof TenantryError && error.limited !== undefined)
      tellStandings(reply, [error.limited], [error.limited.standing]);
    if (problem === undefined) log.error({ request_id: request.id, err: error }, 'a request failed unexpectedly');
    else if (error instanceof TenantryError && error.cause !== undefined) {
      log.error({ request_id: request.id, code: error.code, err: error.cause }, 'a request failed');
    }
    sendProblem(problem ?? { code: 'internal', detail: 'Something went wrong on our side' }, request, reply);
  };
}

function sendProblem(problem: Problem, request: FastifyRequest, reply: FastifyReply): void {
  const reference = request.routeOptions.config?.reference === true;
  const { status, headers, body } = tellProblem(problem, { requestId: request.id, reference });
  reply.problemCode = problem.code;
  reply.code(status).headers(headers).send(body);
}

function problemOf(error: Error, method: string): Problem | undefined {
  if (error instanceof EdgeError) return error;
  if (error instanceof TenantryError) return tenantryProblem(error);
  const code = 'code' in error && typeof error.code === 'string' ? error.code : undefined;
  if (code === 'FST_ERR_CTP_INVALID_MEDIA_TYPE' && method === 'PATCH') return notPatch;
  return code === undefined ? undefined : frameworkProblems.get(code);
}

/** As RFC 5789 section 2.2 has it. */
const notPatch: Problem = {
  ...problem('content_type_unsupported', 'The body must be application/merge-patch+json or application/json'),
  headers: { 'accept-patch': 'application/merge-patch+json, application/json' },
};

function tenantryProblem({ code, message, issues, retryAfterSeconds }: TenantryError): Problem {
  // What a query holds only selects, and is checked by the route's schema: a feature's rules are for what is stored.
  const faults = issues.map(({ member, inPath, detail }) => ({
    pointer: inPath ? `{${member}}` : `#/${inFragment(member)}`,
    detail,
  }));
  return {
    code,
    detail: faults.length > 0 ? summary(faults) : message,
    faults,
    ...(retryAfterSeconds !== undefined && { headers: { 'retry-after': String(retryAfterSeconds) } }),
  };
}

/** A JSON pointer's text as a URI fragment has it (RFC 6901 section 6). */
function inFragment(path: string): string {
  return encodeURI(path.toWellFormed()).replaceAll('#', '%23');
}

/**
 * Fastify's own errors that a caller brings about. A body that is too large is read to its end, though not kept: ending
 * the connection under a caller that still sends would take the answer from it (RFC 9112 section 9.6).
 */
const frameworkProblems: ReadonlyMap<string, Problem> = new Map<string, Problem>([
  [
    'FST_ERR_CTP_BODY_TOO_LARGE',
    { ...problem('body_too_large', 'The body is too large'), headers: { connection: 'keep-alive' } },
  ],
  ['FST_ERR_CTP_INVALID_MEDIA_TYPE', problem('content_type_unsupported', 'The body must be application/json')],
  ['FST_ERR_CTP_INVALID_CONTENT_LENGTH', problem('bad_request', 'The body is not as long as Content-Length says')],
  ['FST_ERR_BAD_URL', problem('bad_request', 'The path is not percent-encoded UTF-8')],
  ['FST_ERR_MAX_PARAM_LENGTH', problem('uri_too_long', 'A part of the path is too long')],
  // The caller hung up; nobody reads the answer, but the log shows what became of the request.
  ['ECONNRESET', problem('bad_request', 'The request ended before it was complete')],
]);

function problem(code: ProblemCode, detail: string): Problem {
  return { code, detail };
}
