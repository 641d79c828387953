import type { Log } from '../log.ts';

/**
 * Works on what is decided already, for so long at most: what is not done then, or fails, is finished by the sweep. So
 * nothing is thrown.
 */
export async function within(milliseconds: number, log: Log, work: () => Promise<void>): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const over = new Promise<void>((resolve) => {
    timer = setTimeout(resolve, milliseconds);
  });
  const done = work().catch((error: unknown) => {
    log.warn({ err: error }, 'a decided operation is unfinished; the sweep will finish it');
  });
  await Promise.race([done, over]);
  clearTimeout(timer);
}
