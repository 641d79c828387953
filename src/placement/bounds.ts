import type { Cluster, ClusterKind } from './cluster.ts';

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

/** A bound that is set, as the settings have it (`ClusterBound`), which no feature imports: for clusters by their names, and for all others. */
export interface SetBound {
  readonly others: number | undefined;
  readonly own: ReadonlyMap<string, number>;
}

/** The bounds of a cluster: those that are set for it, those that are set for all, and else what is usual for its kind. */
export function boundsOf(
  { name, kind }: Pick<Cluster, 'name' | 'kind'>,
  set: { readonly [Name in keyof Bounds]: SetBound | undefined },
): Bounds {
  const boundOf = (bound: keyof Bounds) => set[bound]?.own.get(name) ?? set[bound]?.others ?? usual[kind][bound];
  return { collections: boundOf('collections'), databases: boundOf('databases') };
}
