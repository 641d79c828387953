import type { Socket } from 'node:net';
import { BSON, type Document } from 'mongodb';

// https://www.mongodb.com/docs/manual/reference/mongodb-wire-protocol/: a message is its length, its id, the id that it
// answers and its kind, four bytes each, and then its content.
const headerBytes = 16;
const opReply = 1;
const opQuery = 2004;
const opMessage = 2013;

/** The commands by which a driver asks a server what it is, over connections of their own too, to watch it. */
export const helloCommands: readonly string[] = ['hello', 'isMaster', 'ismaster'];

/** Hands over the messages of a connection, each whole, and the next when the one before is handled. */
export function onMessage(socket: Socket, handle: (message: Buffer) => Promise<void> | void): void {
  let received = Buffer.alloc(0);
  let handled = Promise.resolve();
  socket.on('data', (chunk: Buffer) => {
    received = Buffer.concat([received, chunk]);
    while (received.length >= headerBytes && received.length >= lengthOf(received)) {
      const length = lengthOf(received);
      const message = received.subarray(0, length);
      received = received.subarray(length);
      handled = handled.then(() => handle(message));
    }
  });
}

/** The number of a request, which its answer repeats. */
export function idOf(message: Buffer): number {
  return message.readInt32LE(4);
}

/** The number of the request that a message answers. */
export function answeredId(message: Buffer): number {
  return message.readInt32LE(8);
}

/** A request's command: its first member names it, and holds the collection where it is about one. Undefined for other kinds of messages. */
export function commandOf(message: Buffer): Document | undefined {
  switch (message.readInt32LE(12)) {
    case opMessage:
      // After four bytes of flags and one for the section's kind: 0, a document, is what drivers send first.
      return documentAt(message, headerBytes + 5);
    case opQuery:
      // The first hello of a connection. After four bytes of flags, the name with its zero, and two numbers.
      return documentAt(message, message.indexOf(0, headerBytes + 4) + 9);
    default:
      return undefined;
  }
}

/** The message that answers a request. */
export function answerTo(request: Buffer, document: Document): Buffer {
  const toQuery = request.readInt32LE(12) === opQuery;
  const before = Buffer.alloc(headerBytes + (toQuery ? 20 : 5));
  const content = BSON.serialize(document);
  before.writeInt32LE(before.length + content.length, 0);
  before.writeInt32LE(idOf(request), 8);
  before.writeInt32LE(toQuery ? opReply : opMessage, 12);
  // Flags, a cursor and its start are zero; what follows is one document.
  if (toQuery) before.writeInt32LE(1, headerBytes + 16);
  return Buffer.concat([before, content]);
}

function lengthOf(message: Buffer): number {
  const length = message.readInt32LE(0);
  if (length < headerBytes) throw new Error('what came is not of the wire protocol: is the connection encrypted?');
  return length;
}

function documentAt(message: Buffer, start: number): Document {
  return BSON.deserialize(message.subarray(start, start + message.readInt32LE(start)));
}
