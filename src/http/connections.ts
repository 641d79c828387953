import type { Server as HttpServer, IncomingMessage, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';

/** What a connection is doing, as far as its latest request tells. */
export type Doing =
  /** No request has begun, or all are answered. */
  | { readonly state: 'silent' }
  /** A request is still arriving; its answer may be on its way all the same. */
  | { readonly state: 'receiving'; readonly answer: ServerResponse }
  /** A request has arrived and its answer is in work. */
  | { readonly state: 'answering'; readonly answer: ServerResponse };

/**
 * Requests of a connection that may await their answers: clients that pipeline at all send few. What is read at once of a
 * connection may have more than a thousand, for which all others would wait.
 */
export const MOST_PIPELINED = 64;

/** Bytes that are still taken of a body after its answer, which its sender may read only when all of it is sent. */
const MOST_UNWANTED = 8_388_608;

/** Milliseconds between two looks at how much has come. */
const LOOK = 250;

/** What is known of an open connection. */
interface Connection {
  /** The answer to its latest request. */
  latest: ServerResponse | undefined;
  /** How many answers it awaits. */
  awaited: number;
}

const SILENT: Doing = { state: 'silent' };

/**
 * The open connections, each with the answer to its latest request. Answers of one connection are sent in order, so the
 * latest one being done means that all are.
 */
export class Connections {
  readonly #open = new Map<Socket, Connection>();
  #stopping = false;

  /** Watches a server for new connections. */
  watch(server: HttpServer): void {
    // Node would call it when the server stops listening: `endSilent` says when.
    server.closeIdleConnections = () => {};
    server.on('connection', (socket: Socket) => {
      this.#open.set(socket, { latest: undefined, awaited: 0 });
      socket.once('close', () => this.#open.delete(socket));
    });
  }

  /** Whether a request is taken up. Its connection ends where too many of it are not answered yet. */
  admit(request: IncomingMessage, answer: ServerResponse): boolean {
    const { socket } = request;
    if (socket.destroyed) return false;
    const connection = this.#open.get(socket) ?? { latest: undefined, awaited: 0 };
    if (connection.awaited === MOST_PIPELINED) {
      socket.destroy();
      return false;
    }
    connection.awaited += 1;
    answer.on('close', () => {
      connection.awaited -= 1;
      if (!request.complete) endUnwanted(request);
    });
    return true;
  }

  /** Notes that the answer to a request of this connection is in work. */
  begin(socket: Socket | null, answer: ServerResponse): void {
    const connection = socket === null ? undefined : this.#open.get(socket);
    if (connection !== undefined) connection.latest = answer;
  }

  /** What a connection is doing. */
  doing(socket: Socket): Doing {
    const answer = this.#open.get(socket)?.latest;
    if (answer === undefined) return SILENT;
    if (!answer.req.complete) return { state: 'receiving', answer };
    return answer.writableEnded ? SILENT : { state: 'answering', answer };
  }

  /** Whether connections end with their next answer. */
  get stopping(): boolean {
    return this.#stopping;
  }

  /** From here on every answer is its connection's last, and says so. */
  stop(): void {
    this.#stopping = true;
  }

  /** Ends the connections on which no answer is owed. */
  endSilent(): void {
    for (const [socket, { latest }] of this.#open) {
      if (latest === undefined || latest.writableFinished) socket.destroy();
    }
  }

  /** Ends all connections, whatever they are doing. */
  endAll(): void {
    for (const socket of this.#open.keys()) socket.destroy();
  }
}

/** Ends the connection of a request that was answered before its body had come, where too much of that comes. */
function endUnwanted(request: IncomingMessage): void {
  const { socket } = request;
  const most = socket.bytesRead + MOST_UNWANTED;
  const looking = setInterval(() => {
    if (request.complete || socket.destroyed) clearInterval(looking);
    else if (socket.bytesRead > most) socket.destroy();
  }, LOOK).unref();
}
