/** What an installation's keys and channels in Redis are called. */
export interface RedisNames {
  /** Before the key of each limit. */
  readonly limits: string;
  /** The channel by which instances tell each other what they wrote. */
  readonly written: string;
}

/** The version of what is kept and told there: instances of another one are not understood. */
const version = 1;

/** The names of an installation, which tell it from others that use the same Redis. */
export function namesFor(installation: string): RedisNames {
  // In braces: in a cluster of Redis all keys of a script have to be at one place.
  const prefix = `tenantry:${version}:{${installation}}:`;
  return { limits: `${prefix}limit:`, written: `${prefix}written` };
}
