import { StartError } from '../../errors.ts';
import type { ClusterMark } from '../cluster-mark.ts';
import type { ClusterMeasure } from '../documents.ts';
import { shownAddress } from './address.ts';
import { clusterMarks } from './cluster-marks.ts';
import { reach } from './connect.ts';
import { measureCluster } from './measure.ts';
import { masterLine, turnsOf } from './turns.ts';

/** A cluster as it was found by reading alone: what is wrong with it, or what it is and whose. Neither user nor password. */
export type FoundCluster =
  | { readonly fault: string }
  | {
      readonly shown: string;
      readonly mark: ClusterMark | undefined;
      /** Undefined where it cannot be told from outside. */
      readonly has: Filling | undefined;
    };

/** What of a cluster's measure has a bound. */
export type Filling = Pick<ClusterMeasure, 'collections' | 'databases'>;

/** A deployment that runs answers at once. */
const patienceSeconds = 2;

/** Reads the mark of a cluster, and what it has. */
export async function examineCluster(url: string, database: string): Promise<FoundCluster> {
  const log = { info() {}, warn() {}, error() {}, audit() {} };
  try {
    const { client, ...found } = await reach(
      { url, database, startSeconds: patienceSeconds, log },
      async (connected) => {
        const { client, version } = connected;
        const has = await measureCluster({ ...connected, inTurn: turnsOf(client)(masterLine) });
        const number = `${has.collections} collections and ${has.databases} databases of organizations`;
        const shown = `${shownAddress(url)}, MongoDB ${version}, ${number}`;
        return { client, shown, has, mark: await clusterMarks(connected.database).read() };
      },
    );
    await client.close();
    return found;
  } catch (error) {
    if (!(error instanceof StartError)) throw error;
    return { fault: error.message.replaceAll('TENANTRY_DATABASE_URL', 'TENANTRY_CLUSTERS') };
  }
}
