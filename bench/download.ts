/** The program that downloads: it counts what comes on a connection of its own until the server ends it. */
import { connect } from 'node:net';

/** What is downloaded. */
export interface DownloadOrder {
  readonly host: string;
  readonly port: number;
  /** The whole request as it goes over the wire; it asks for the connection's end. */
  readonly request: string;
}

/** What came. */
export interface DownloadReport {
  readonly status: number;
  /** Of the answer with its head, and with what stands around each chunk. */
  readonly bytes: number;
  readonly seconds: number;
}

process.on('message', ({ host, port, request }: DownloadOrder) => {
  const begun = performance.now();
  let bytes = 0;
  let status = 0;
  const buffer = Buffer.allocUnsafe(262_144);
  const socket = connect({
    host,
    port,
    onread: {
      buffer,
      callback(count) {
        if (bytes === 0) status = Number(buffer.toString('latin1', 9, 12));
        bytes += count;
        return true;
      },
    },
  });
  socket.once('connect', () => socket.write(request));
  socket.once('close', () => {
    process.send?.({ status, bytes, seconds: (performance.now() - begun) / 1_000 } satisfies DownloadReport);
  });
});
process.on('disconnect', () => process.exit());
