/** Opens what instances share beside the database: limits, and the news of what each has changed. */
import type { Limits } from './cache/limits.ts';
import { memoryLimits } from './cache/memory/limits.ts';
import { unlimited } from './cache/unlimited.ts';
import { users } from './identity/user.ts';
import type { Log } from './log.ts';
import { installationOf } from './organizations/admit-cluster.ts';
import { collections } from './organizations/collection.ts';
import { organizations } from './organizations/organization.ts';
import type { Settings } from './settings/table.ts';
import { asTheyStand, type RecentRecords, rememberRecords } from './store/recent-records.ts';
import type { Records } from './store/records.ts';

/** What instances share. */
export interface Sharing {
  /** By this process alone where there is no Redis. */
  readonly limits: Limits;
  /** Through which all commits of this process must go. */
  readonly records: Records;
  readonly recent: RecentRecords;
  close(): Promise<void>;
}

/** With what it is opened. */
export interface SharingGround {
  readonly records: Records;
  /** Whether other instances may write them. */
  readonly isShared: boolean;
  /** Names this process. */
  readonly instance: string;
  readonly log: Log;
  readonly metrics: { observeRedis(standing: () => { readonly isUp: boolean; readonly failures: number }): void };
}

/** Of what other instances may change. What a token may do, and where data is, is at most five seconds old. */
const remembered = { most: 10_000, milliseconds: 1_000, announced: [organizations, users, collections] } as const;

const elapsed = () => performance.now();

/** Opens it; Redis is imported where it is used, and waited for a little. @throws {TenantryError} storage_unavailable */
export async function openSharing(
  { REDIS_URL, RATE_LIMIT }: Pick<Settings, 'REDIS_URL' | 'RATE_LIMIT'>,
  { records, isShared, instance, log, metrics }: SharingGround,
): Promise<Sharing> {
  const redis =
    REDIS_URL === undefined
      ? undefined
      : await (await import('./cache/redis/open.ts')).openRedis({
          url: REDIS_URL,
          installation: await installationOf({ records, mainKind: isShared ? 'mongodb' : 'embedded' }),
          instance,
          log,
          elapsed,
        });
  if (redis !== undefined) metrics.observeRedis(() => redis.standing());
  const counting = redis?.limits ?? memoryLimits({ now: elapsed });
  const reads = isShared
    ? rememberRecords(records, { ...remembered, announcements: redis?.announcements })
    : { records, recent: asTheyStand(records) };
  return { ...reads, limits: RATE_LIMIT ? counting : unlimited, close: async () => await redis?.close() };
}
