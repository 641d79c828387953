import type { Limits } from './limits.ts';

/** Limits that count nothing and allow everything: `TENANTRY_RATE_LIMIT=off`, for tests and benchmarks. */
export const unlimited: Limits = {
  take: (limit) => Promise.resolve({ allowed: true, remaining: limit.most, resetSeconds: limit.seconds }),
  look: (limit) => Promise.resolve({ allowed: true, remaining: limit.most, resetSeconds: limit.seconds }),
};
