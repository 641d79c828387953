import type { IncomingMessage } from 'node:http';

/**
 * The JSON value of a message's body, or in words that follow "the answer" why there is none.
 *
 * @throws {Error} where the other side goes away before the end
 */
export async function readJson(
  message: IncomingMessage,
  mostBytes: number,
): Promise<{ readonly value: unknown } | { readonly unreadable: string }> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of message.iterator({ destroyOnReturn: false }) as AsyncIterable<Buffer>) {
    bytes += chunk.length;
    if (bytes > mostBytes) {
      // Paused and not destroyed, so that the refusal can still be sent.
      message.pause();
      return { unreadable: `is longer than ${mostBytes} bytes` };
    }
    chunks.push(chunk);
  }
  try {
    return { value: JSON.parse(Buffer.concat(chunks).toString('utf8')) as unknown };
  } catch {
    return { unreadable: 'is not JSON' };
  }
}
