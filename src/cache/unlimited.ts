import type { Limit, Limits, Standing } from './limits.ts';

/** Limits that count nothing and allow everything: `TENANTRY_RATE_LIMIT=off`, for tests and benchmarks. */
export const unlimited: Limits = {
  take: (limit) => Promise.resolve(untouched(limit)),
  look: (limit) => Promise.resolve(untouched(limit)),
  takeAll: (claims) => claims.map(({ limit }) => untouched(limit)),
  refusal: () => undefined,
};

function untouched({ most, seconds }: Limit): Standing {
  return { allowed: true, remaining: most, resetSeconds: seconds };
}
