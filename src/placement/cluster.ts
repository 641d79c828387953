import type { Documents } from '../store/documents.ts';
import { defineKind, type Stored } from '../store/records.ts';

/** A MongoDB deployment, or a directory of embedded files, as the service has it open. */
export interface Cluster {
  /** `main` is where the service's own database is. */
  readonly name: string;
  readonly kind: ClusterKind;
  readonly documents: Documents;
}

/** By which engine a cluster keeps documents. */
export type ClusterKind = 'embedded' | 'mongodb';

/** The cluster of the master database. */
export const mainCluster = 'main';

/** A cluster that organizations may be in, for as long as the settings or a placement name it. */
export interface ClusterRecord extends Stored {
  /** The cluster's name. */
  readonly id: string;
  readonly kind: ClusterKind;
}

/** The kind of record that clusters are. */
export const clusters = defineKind<ClusterRecord>()('clusters', { kind: 'many' });
