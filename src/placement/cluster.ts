import { StartError } from '../errors.ts';
import type { Documents } from '../store/documents.ts';
import { defineKind, type Stored } from '../store/records.ts';
import { unavailable } from '../store/unavailable.ts';

/** A MongoDB deployment, or a directory of embedded files, as the service has it open. */
export interface Cluster {
  /** `main` is where the service's own database is. */
  readonly name: string;
  readonly kind: ClusterKind;
  readonly documents: Documents;
  /**
   * Resolves where the cluster is the one that had its name before, from then on at once.
   *
   * @throws {StartError} it is another @throws {TenantryError} storage_unavailable: it does not answer
   */
  admit(): Promise<void>;
}

/** The documents of a cluster, once it is known to be the one. @throws {TenantryError} storage_unavailable */
export async function admittedDocuments({ admit, documents }: Cluster): Promise<Documents> {
  try {
    await admit();
  } catch (error) {
    throw error instanceof StartError ? unavailable(error) : error;
  }
  return documents;
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
  /** Of `main` alone: tells the installation from all others. */
  readonly installation?: string;
  /** Its own database or directory has been given its mark. */
  readonly is_marked?: boolean;
}

/** The kind of record that clusters are. */
export const clusters = defineKind<ClusterRecord>()('clusters', { kind: 'many' });
