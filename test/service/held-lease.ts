import type { Service } from './service.ts';

/** Whether a process has the lease on some work, as its metrics tell: `1`, or `0`; undefined where it does no such work. */
export async function heldLease({ url }: Service, work: 'rounds' | 'relay'): Promise<string | undefined> {
  const text = await (await fetch(`${url}/metrics`)).text();
  return new RegExp(`^tenantry_lease_held\\{work="${work}"\\} (\\d)$`, 'm').exec(text)?.[1];
}
