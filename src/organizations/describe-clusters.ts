import { setImmediate } from 'node:timers/promises';
import { mainCluster } from '../placement/cluster.ts';
import type { ClusterDescription } from '../placement/places.ts';
import { byEnd, commandEnd } from '../store/decide.ts';
import type { Records } from '../store/records.ts';
import { type Organization, organizations } from './organization.ts';
import type { Tenancy } from './tenancy.ts';

/** How a cluster stands, and what of it is of organizations. */
export interface ClusterView extends ClusterDescription {
  /** Tables or collections of single organizations; null is unknown. */
  readonly collections: number | null;
}

/** Records that are read at a time. */
const pageSize = 1_000;

/** Left of the command's time when it is given up to count: an installation may have more organizations than can be read in it. */
const leftMilliseconds = 1_000;

/**
 * How each cluster stands. Whose a collection on a server is tells the master database alone, where other programs may have
 * collections that are named like those of organizations, and nothing where it does not answer; the files of the embedded
 * engine are ours.
 *
 * @throws {TenantryError} storage_unavailable
 */
export async function describeClusters({
  places,
  records,
}: Pick<Tenancy, 'places' | 'records'>): Promise<ClusterView[]> {
  const described = await places.describe();
  // One that does not answer may have taken the time of a whole command: the count has its own.
  const end = commandEnd();
  const isUp = described.find(({ name }) => name === mainCluster)?.health === 'up';
  const onServers = described.some(({ kind, health }) => kind === 'mongodb' && health === 'up');
  const counted = isUp && onServers ? await byEnd(countCollections(records, end - leftMilliseconds), end) : undefined;
  return described.map((cluster) => {
    const { name, kind, health, standing_collections } = cluster;
    if (kind === 'embedded' || health === 'down') return { ...cluster, collections: standing_collections };
    return { ...cluster, collections: counted === undefined ? null : (counted.get(name) ?? 0) };
  });
}

/** The collections of the organizations in each cluster; undefined where their number is too large for the time. */
async function countCollections(records: Records, end: number): Promise<ReadonlyMap<string, number> | undefined> {
  const counts = new Map<string, number>();
  let last: Organization | undefined;
  do {
    const after = last && { after: { key: last.name_key, id: last.id } };
    const page: Organization[] = await records.list(organizations, 'name_key', { limit: pageSize, ...after });
    for (const { placement, collections = 0 } of page) {
      const { cluster, level } = placement;
      if (level !== 'pooled') counts.set(cluster, (counts.get(cluster) ?? 0) + 1 + collections);
    }
    last = page.at(-1);
    if (performance.now() >= end) return undefined;
    // The calls of others have their turn.
    await setImmediate();
  } while (last !== undefined);
  return counts;
}
