import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { StartError } from '../../errors.ts';
import type { Log } from '../../log.ts';
import type { ClusterMarks } from '../cluster-mark.ts';
import type { Documents } from '../documents.ts';
import type { CopiedCluster } from './backup.ts';
import { clusterMarks } from './cluster-marks.ts';
import { lockDirectory } from './lock.ts';
import { masterFile } from './open.ts';
import { openTenants } from './open-tenants.ts';

/** A directory beside the data directory, for documents alone; held until `close` or the end of the process. */
export interface EmbeddedCluster {
  readonly documents: Documents;
  readonly marks: ClusterMarks;
  /** What a backup takes of it. */
  readonly copied: CopiedCluster;
  close(): Promise<void>;
}

/** With what a cluster is opened. */
export interface EmbeddedClusterOptions {
  readonly name: string;
  readonly directory: string;
  readonly log: Log;
  readonly writerThreads: number;
  readonly onCommit: (commit: { commits: number; seconds: number }) => void;
}

/**
 * Opens a directory as a cluster; one that is not there is made.
 *
 * @throws {StartError} 78 where it is held by another process, cannot be used, or is a data directory; 1 where a file is damaged
 */
export async function openEmbeddedCluster(options: EmbeddedClusterOptions): Promise<EmbeddedCluster> {
  const { name, directory, log, writerThreads, onCommit } = options;
  if (existsSync(join(directory, masterFile))) {
    throw new StartError(
      78,
      `TENANTRY_CLUSTERS: the directory of ${name}, ${directory}, is a data directory of Tenantry. Name another.`,
    );
  }
  await using opened = new AsyncDisposableStack();
  const lock = lockDirectory(directory, 'TENANTRY_CLUSTERS');
  opened.defer(() => lock.release());
  const { writers, documents } = openTenants(opened, {
    cluster: name,
    directory,
    master: undefined,
    log,
    writerThreads,
    tablesPerFile: 500,
    onCommit,
  });
  const resources = opened.move();
  const copied = { name, directory, writers };
  return { documents, marks: clusterMarks(directory), copied, close: () => resources.disposeAsync() };
}
