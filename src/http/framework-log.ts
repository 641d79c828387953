import { type FastifyReply, type FastifyRequest, LogController } from 'fastify';
import type { Log } from '../log.ts';

/**
 * What the framework itself logs: of requests nothing, since each has its one line, but what goes wrong once an answer
 * has begun, which no handler sees. Fastify's own lines would hold the query.
 */
export class FrameworkLog extends LogController {
  readonly #log: Log;

  constructor(log: Log) {
    super({ disableRequestLogging: true });
    this.#log = log;
  }

  override streamError(error: Error, request: FastifyRequest): void {
    this.#log.warn({ request_id: request.id, err: error }, 'an answer ended before it was complete');
  }

  override serializerError(error: Error, request: FastifyRequest): void {
    this.#log.error({ request_id: request.id, err: error }, 'an answer could not be serialised');
  }

  override writeHeadError(error: Error, request: FastifyRequest, _reply: FastifyReply): void {
    this.#log.error({ request_id: request.id, err: error }, 'the head of an answer could not be written');
  }
}
