import { StartError } from '../errors.ts';
import { type Cluster, type ClusterRecord, clusters as kind } from '../placement/cluster.ts';
import { decide, moved } from '../store/decide.ts';
import { insert, type Records, remove } from '../store/records.ts';
import { type Inhabitants, organizationsByCluster } from './organizations-by-cluster.ts';
import { wait } from './wait.ts';

/** Records that are read at a time. */
const pageSize = 1_000;

/** How long a start waits for a cluster to answer whose it is. */
const admittedMilliseconds = 2_000;

/**
 * Compares the clusters of the settings with those that were there at earlier starts, and remembers them. Whether each is
 * what its name had before is waited for a little; of one that does not answer that is found out before it is used.
 *
 * @throws {StartError} 78: a cluster was taken from the settings, is kept by another engine while organizations are in it, or
 *   leads to another place
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
  // One after the other: of two that are one place the first of the settings is the one that has it.
  for (const { admit } of clusters) {
    const outcome = admit().then(
      () => undefined,
      (error: unknown) => error,
    );
    const waiting = new AbortController();
    const error = await Promise.race([outcome, wait(admittedMilliseconds, waiting.signal)]);
    waiting.abort();
    // What does not answer is told by whoever asks it.
    if (error instanceof StartError) throw error;
  }
}

async function remember(records: Records, record: ClusterRecord): Promise<void> {
  // A duplicate: another instance was faster.
  await records.commit([insert(kind, record)]);
}

/** Forgets a cluster where no organization is in it any more. */
async function forget(records: Records, { id }: ClusterRecord): Promise<void> {
  const inside = (await organizationsByCluster(records)).get(id);
  if (inside !== undefined) throw stillUsed(id, inside);
  await decide(async (end) => {
    const record = await records.get(kind, id);
    if (record === undefined) return;
    const outcome = await records.commit([remove(kind, record)], end);
    return outcome.result === 'done' ? undefined : moved;
  });
}

/** Why a start is refused without a cluster that organizations are in. */
export function stillUsed(cluster: string, { count, first }: Inhabitants): StartError {
  const named = first.map(({ id, name }) => `${name} (${id})`).join(', ');
  const inside = count === 1 ? '1 organization is' : `${count} organizations are`;
  const more = count > first.length ? ' and others' : '';
  return new StartError(
    78,
    `TENANTRY_CLUSTERS does not name ${cluster}, while ${inside} in it: ${named}${more}. Name it again.`,
  );
}
