import { randomUUID } from 'node:crypto';
import { StartError } from '../errors.ts';
import type { Log } from '../log.ts';
import { type Cluster, type ClusterKind, clusters as kind, mainCluster } from '../placement/cluster.ts';
import type { ClusterMark, ClusterMarks } from '../store/cluster-mark.ts';
import { decide, moved } from '../store/decide.ts';
import { insert, type Records, replace } from '../store/records.ts';
import { unavailable } from '../store/unavailable.ts';
import { organizationsByCluster } from './organizations-by-cluster.ts';

/** What a cluster is compared with before anything is asked of it. */
export interface Admitting {
  readonly records: Records;
  readonly log: Log;
  /** The names of all clusters of the settings. */
  readonly names: readonly string[];
  /** By which engine the master database is kept. */
  readonly mainKind: ClusterKind;
}

/**
 * Looks once whether a cluster is the one that its name had before: by the mark that its own database or directory has from
 * its first use on, and the master database knows of. So an address that leads to another cluster, to one that has two
 * names, or to another installation's, is found out before documents go there.
 *
 * @returns resolves where it is; asks again where it did not answer
 */
export function admission(admitting: Admitting, name: string, marks: ClusterMarks): Cluster['admit'] {
  let admitted: Promise<void> | undefined;
  return () => {
    admitted ??= examine(admitting, name, marks).catch((error: unknown) => {
      if (error instanceof StartError) admitting.log.error({ cluster: name }, error.message);
      else admitted = undefined;
      throw error;
    });
    return admitted;
  };
}

async function examine(admitting: Admitting, name: string, marks: ClusterMarks): Promise<void> {
  const { records, names } = admitting;
  const installation = await installationOf(admitting);
  const wanted: ClusterMark = { cluster: name, installation };
  const isMarked = (await records.get(kind, name))?.is_marked ?? false;
  let mark = await marks.read();
  if (mark === undefined && isMarked && (await organizationsByCluster(records)).has(name)) throw unmarked(name);
  // What it was marked as is a cluster no more, in which no organization is, or none of this version: the start has looked.
  const isFree = mark?.installation === installation && mark.cluster !== name && !names.includes(mark.cluster);
  const isFormerMain = name === mainCluster && mark?.installation === undefined;
  if (mark === undefined || isFormerMain || (isFree && !isMarked)) mark = await marks.write(wanted, mark);
  if (mark === undefined) throw unavailable(new Error(`the mark of ${name} is gone, which was just written`));
  const refusal = refusedMark(wanted, mark);
  if (refusal !== undefined) throw refusal;
  if (!isMarked) await noteMarked(records, name);
}

/** The id of the installation, made once. @throws {TenantryError} busy, storage_unavailable */
export function installationOf({ records, mainKind }: Pick<Admitting, 'records' | 'mainKind'>): Promise<string> {
  return decide(async (end) => {
    const main = await records.get(kind, mainCluster);
    if (main?.installation !== undefined) return main.installation;
    const installation = randomUUID();
    const change =
      main === undefined
        ? insert(kind, { id: mainCluster, version: 1, kind: mainKind, installation })
        : replace(kind, { ...main, installation });
    return (await records.commit([change], end)).result === 'done' ? installation : moved;
  });
}

/** After it was marked: a start that ends before it marks it again, with the same. */
function noteMarked(records: Records, name: string): Promise<void> {
  return decide(async (end) => {
    const record = await records.get(kind, name);
    // The start remembers it before it is asked for anything.
    if (record === undefined || record.is_marked) return;
    const outcome = await records.commit([replace(kind, { ...record, is_marked: true })], end);
    return outcome.result === 'done' ? undefined : moved;
  });
}

function unmarked(name: string): StartError {
  return new StartError(
    78,
    `TENANTRY_CLUSTERS: organizations are in ${name}, and where it leads to now there is nothing of Tenantry. Mend its address, or restore what was there.`,
  );
}

/** Why a mark is not the wanted one; undefined where it is. */
export function refusedMark({ cluster: name, installation }: ClusterMark, mark: ClusterMark): StartError | undefined {
  if (mark.installation === installation) {
    if (mark.cluster === name) return undefined;
    return new StartError(
      78,
      `TENANTRY_CLUSTERS: ${name} leads to where ${mark.cluster} is: the two are one, or their addresses were exchanged. Give each its own.`,
    );
  }
  const whose = mark.cluster === mainCluster ? 'the master database' : `the cluster ${mark.cluster}`;
  return new StartError(
    78,
    `TENANTRY_CLUSTERS: ${name} leads to ${whose} of another installation of Tenantry. Mend its address; two installations cannot share one.`,
  );
}
