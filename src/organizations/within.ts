import type { Tenancy } from './tenancy.ts';

/**
 * Works on what is decided already, until the command's end at most: what is not done then goes on by itself, and what
 * fails is finished by the sweep. So nothing is thrown.
 *
 * @param end the command's `commandEnd`
 */
export async function within(
  { wait, log }: Pick<Tenancy, 'wait' | 'log'>,
  end: number,
  work: () => Promise<void>,
): Promise<void> {
  const over = new AbortController();
  work()
    .catch((error: unknown) => {
      log.warn({ err: error }, 'a decided operation is unfinished; the sweep will finish it');
    })
    .finally(() => over.abort());
  await wait(Math.max(0, end - performance.now()), over.signal);
  if (!over.signal.aborted) log.warn({}, 'a decided operation is still under way at its time limit');
}
