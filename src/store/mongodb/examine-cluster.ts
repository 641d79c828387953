import { StartError } from '../../errors.ts';
import type { ClusterMark } from '../cluster-mark.ts';
import { shownAddress } from './address.ts';
import { clusterMarks } from './cluster-marks.ts';
import { reach } from './connect.ts';

/** A cluster as it was found by reading alone: what is wrong with it, or what it is and whose. Neither user nor password. */
export type FoundCluster =
  | { readonly fault: string }
  | { readonly shown: string; readonly mark: ClusterMark | undefined };

/** A deployment that runs answers at once. */
const patienceSeconds = 2;

/** Reads the mark of a cluster, and how many collections stand in the database that organizations share there. */
export async function examineCluster(url: string, database: string): Promise<FoundCluster> {
  const log = { info() {}, warn() {}, error() {}, audit() {} };
  try {
    const { client, ...found } = await reach(
      { url, database, startSeconds: patienceSeconds, log },
      async (connected) => {
        const { collections } = await connected.database.stats();
        const shown = `${shownAddress(url)}, MongoDB ${connected.version}, ${collections} collections in ${database}`;
        return { client: connected.client, shown, mark: await clusterMarks(connected.database).read() };
      },
    );
    await client.close();
    return found;
  } catch (error) {
    if (!(error instanceof StartError)) throw error;
    return { fault: error.message.replaceAll('TENANTRY_DATABASE_URL', 'TENANTRY_CLUSTERS') };
  }
}
