import { StartError } from '../errors.ts';
import { type Cluster, type ClusterRecord, clusters as kind } from '../placement/cluster.ts';
import { decide, moved } from '../store/decide.ts';
import { insert, type Records, remove } from '../store/records.ts';
import { type Organization, organizations } from './organization.ts';

/** Records that are read at a time. */
const pageSize = 1_000;

/** Organizations that are named where a start is refused. */
const mostNamed = 10;

/**
 * Compares the clusters of the settings with those that were there at earlier starts, and remembers them.
 *
 * @throws {StartError} 78: a cluster was taken from the settings, or is kept by another engine, while organizations are in it
 */
export async function settleClusters(records: Records, clusters: readonly Cluster[]): Promise<void> {
  const known = await records.getMany(
    kind,
    clusters.map(({ name }) => name),
  );
  for (const { name, kind: engine } of clusters) {
    const before = known.find(({ id }) => id === name);
    if (before === undefined) await remember(records, { id: name, version: 1, kind: engine });
    else if (before.kind !== engine) {
      throw new StartError(
        78,
        `TENANTRY_CLUSTERS: ${name} was a cluster of kind ${before.kind}, and is ${engine} now. Give the new one another name.`,
      );
    }
  }
  const names = new Set(clusters.map(({ name }) => name));
  for (const record of await records.list(kind, 'kind', { limit: pageSize })) {
    if (!names.has(record.id)) await forget(records, record);
  }
}

async function remember(records: Records, record: ClusterRecord): Promise<void> {
  // A duplicate: another instance was faster.
  await records.commit([insert(kind, record)]);
}

/** Forgets a cluster where no organization is in it any more. */
async function forget(records: Records, { id }: ClusterRecord): Promise<void> {
  const inside: Organization[] = [];
  let last: Organization | undefined;
  do {
    const after = last && { after: { key: last.name_key, id: last.id } };
    const page: Organization[] = await records.list(organizations, 'name_key', { limit: pageSize, ...after });
    inside.push(...page.filter(({ placement }) => placement.cluster === id));
    last = page.at(-1);
  } while (last !== undefined && inside.length <= mostNamed);
  if (inside.length > 0) throw stillUsed(id, inside);
  await decide(async (end) => {
    const record = await records.get(kind, id);
    if (record === undefined) return;
    const outcome = await records.commit([remove(kind, record)], end);
    return outcome.result === 'done' ? undefined : moved;
  });
}

function stillUsed(cluster: string, inside: readonly Organization[]): StartError {
  const named = inside.slice(0, mostNamed).map(({ id, name }) => `${name} (${id})`);
  const more = inside.length > mostNamed ? ' and others' : '';
  return new StartError(
    78,
    `TENANTRY_CLUSTERS does not name ${cluster} any more, while organizations are in it: ${named.join(', ')}${more}. Name it again.`,
  );
}
