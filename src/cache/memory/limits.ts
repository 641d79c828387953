import type { Limit, Limits, Standing } from '../limits.ts';
import { createWindows, type WindowsOptions } from '../windows.ts';

/** Limits within this process: exact, and gone with it. */
export function memoryLimits(options: WindowsOptions): Limits {
  const windows = createWindows(options);
  const stand = (limit: Limit, key: string, counting: boolean): Promise<Standing> => {
    const [standing] = windows.stand([{ limit, key }], counting);
    // As many as there are claims.
    return Promise.resolve(standing as Standing);
  };
  return {
    take: (limit, key) => stand(limit, key, true),
    look: (limit, key) => stand(limit, key, false),
    takeAll: (claims) => windows.stand(claims, true),
    refusal: (claims) => windows.refusal(claims),
  };
}
