import type { Level } from '../store/documents.ts';
import type { Records } from '../store/records.ts';
import { type Organization, organizations } from './organization.ts';

/** Records that are read at a time. */
const pageSize = 1_000;

/** Organizations of a cluster that are remembered by name. */
const mostNamed = 10;

/** The organizations of a cluster, whatever their status. */
export interface Inhabitants {
  readonly count: number;
  /** The first of them in the order of their names, for people. */
  readonly first: readonly Pick<Organization, 'id' | 'name'>[];
  readonly ofLevel: Readonly<Record<Level, number>>;
}

/** Counts all organizations by the cluster that they are in; a cluster without any is left out. */
export async function organizationsByCluster(
  records: Pick<Records, 'list'>,
): Promise<ReadonlyMap<string, Inhabitants>> {
  const found = new Map<string, Inhabitants>();
  let last: Organization | undefined;
  do {
    const after = last && { after: { key: last.name_key, id: last.id } };
    const page: Organization[] = await records.list(organizations, 'name_key', { limit: pageSize, ...after });
    for (const organization of page) {
      const { cluster } = organization.placement;
      found.set(cluster, withOne(found.get(cluster), organization));
    }
    last = page.at(-1);
  } while (last !== undefined);
  return found;
}

const none: Inhabitants = { count: 0, first: [], ofLevel: { pooled: 0, collection: 0, database: 0, cluster: 0 } };

function withOne({ count, first, ofLevel } = none, { id, name, placement: { level } }: Organization): Inhabitants {
  return {
    count: count + 1,
    first: first.length < mostNamed ? [...first, { id, name }] : first,
    ofLevel: { ...ofLevel, [level]: ofLevel[level] + 1 },
  };
}
