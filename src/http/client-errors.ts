import { type IncomingMessage, type ServerResponse, STATUS_CODES } from 'node:http';
import type { Socket } from 'node:net';
import type { Connections } from './connections.ts';
import { EdgeError, type Problem, tellProblem } from './problems.ts';

/** Milliseconds in which a caller takes the last answer of a connection that is about to end. */
const LINGER = 1_000;

/** What is handed to those who answer on a bare connection. */
export interface BareAnswers {
  readonly connections: Connections;
  /** The fixed header fields of every answer. */
  readonly headers: Readonly<Record<string, string>>;
  nextId(): string;
  /** Told of each answer: its request's id, the status and the code. */
  onAnswered(requestId: string, socket: Socket, answered: { status: number; code: string }): void;
}

/**
 * Handles what goes wrong on a connection, mostly before there is a request that a route could answer: a timeout, or
 * bytes that are not HTTP. An answer that is owed to an earlier request goes first, or would be taken for it.
 */
export function clientErrorHandler(bare: BareAnswers): (error: NodeJS.ErrnoException, socket: Socket) => void {
  // What is not HTTP fails once for each piece of it that arrives.
  const failed = new WeakSet<Socket>();
  return (error, socket) => {
    const problem = problemOf(error);
    if (failed.has(socket)) {
      // Whoever was to answer has not, in all the time there is.
      if (problem?.code === 'request_timeout') socket.destroy();
      return;
    }
    failed.add(socket);
    if (problem === undefined || !socket.writable) {
      socket.destroy();
      return;
    }
    const doing = bare.connections.doing(socket);
    switch (doing.state) {
      case 'receiving':
        failReceiving(doing.answer, socket, problem);
        break;
      case 'answering':
        doing.answer.once('close', () => answerBare(bare, socket, problem));
        break;
      case 'silent':
        answerBare(bare, socket, problem);
        break;
    }
  };
}

/** Whoever reads the body answers as to any other error. Where it is not read, the answer is made or in the making. */
function failReceiving(answer: ServerResponse, socket: Socket, problem: EdgeError): void {
  if (answer.writableEnded) socket.destroySoon();
  else if (answer.req.listenerCount('error') > 0) answer.req.emit('error', problem);
  else {
    // The body's reader, if there will be one, would wait for what does not come any more.
    const tell = (event: string | symbol) => {
      if (event !== 'error') return;
      answer.req.off('newListener', tell);
      setImmediate(() => answer.req.emit('error', problem));
    };
    answer.req.on('newListener', tell);
    answer.once('finish', () => socket.destroySoon());
  }
}

/** Handles CONNECT, which only a proxy takes. */
export function connectHandler(bare: BareAnswers): (request: IncomingMessage, socket: Socket) => void {
  return (_request, socket) => {
    const problem = new EdgeError('method_not_allowed', 'This is no proxy', { headers: { allow: '' } });
    socket.on('error', () => socket.destroy());
    answerBare(bare, socket, problem);
  };
}

function problemOf({ code }: NodeJS.ErrnoException): EdgeError | undefined {
  switch (code) {
    case 'ERR_HTTP_REQUEST_TIMEOUT':
      return new EdgeError('request_timeout', 'The request did not arrive in time');
    case 'HPE_HEADER_OVERFLOW':
      return new EdgeError('headers_too_large', 'The header fields are too large');
    case 'ECONNRESET':
    case 'EPIPE':
      return undefined;
    default:
      return new EdgeError('bad_request', 'This is not well-formed HTTP');
  }
}

/** Writes a whole answer, the connection's last. What the caller still sends is taken in, or it could lose the answer. */
function answerBare({ headers, nextId, onAnswered }: BareAnswers, socket: Socket, problem: Problem): void {
  if (!socket.writable) return;
  const requestId = nextId();
  const told = tellProblem(problem, { requestId, reference: false });
  const fields = {
    ...headers,
    ...told.headers,
    date: new Date().toUTCString(),
    'x-request-id': requestId,
    'content-length': told.body.length,
    connection: 'close',
  };
  const lines = Object.entries(fields).map(([name, value]) => `${name}: ${value}\r\n`);
  socket.end(`HTTP/1.1 ${told.status} ${STATUS_CODES[told.status]}\r\n${lines.join('')}\r\n${told.body}`);
  const over = setTimeout(() => socket.destroy(), LINGER).unref();
  socket.once('close', () => clearTimeout(over)).resume();
  onAnswered(requestId, socket, { status: told.status, code: problem.code });
}
