import { join, relative, resolve } from 'node:path';

/**
 * Bytes that the path of a Unix socket may take: 108 on Linux and 104 on macOS with the final NUL (`sun_path` in unix(7)),
 * less a little for the name under which the socket is made.
 */
export const LONGEST_SOCKET_PATH = 100;

/** The path of a data directory's control socket: relative or absolute, whichever is shorter. */
export function controlSocketPath(dataDirectory: string): string {
  const absolute = join(resolve(dataDirectory), 'control.sock');
  const nearby = relative(process.cwd(), absolute);
  return Buffer.byteLength(nearby) < Buffer.byteLength(absolute) ? nearby : absolute;
}
