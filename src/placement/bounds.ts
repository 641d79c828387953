import type { ClusterKind } from './cluster.ts';

/** How many collections and databases of organizations a cluster takes; Infinity is any number. */
export interface Bounds {
  readonly collections: number;
  readonly databases: number;
}

/** MongoDB keeps a file and memory for each collection and index; of files there may be as many as the disk has room for. */
const usual = {
  embedded: { collections: Number.POSITIVE_INFINITY, databases: Number.POSITIVE_INFINITY },
  mongodb: { collections: 10_000, databases: 1_000 },
} as const satisfies Record<ClusterKind, Bounds>;

/** The bounds of a cluster: those that are set, and else what is usual for its kind. */
export function boundsOf(kind: ClusterKind, set: { readonly [Name in keyof Bounds]: number | undefined }): Bounds {
  const { collections, databases } = usual[kind];
  return { collections: set.collections ?? collections, databases: set.databases ?? databases };
}
