import { TenantryError } from '../errors.ts';
import type { ClusterMeasure, Level, Place } from '../store/documents.ts';
import type { Bounds } from './bounds.ts';
import { admittedDocuments, type Cluster, type ClusterKind, mainCluster } from './cluster.ts';

/** Where an organization's documents are to be; what is left out is the installation's choice. */
export interface PlacementRequest {
  readonly level?: Level | undefined;
  readonly cluster?: string | undefined;
}

/** A place that was chosen, at the level that there was room for. */
export interface AssignedPlace extends Place {
  readonly level: Level;
}

/** Chooses where new organizations go. */
export interface Places {
  /** What is wrong with a request, by its place in it (`placement/level`). */
  check(wanted: PlacementRequest): Readonly<Record<string, string>>;
  /**
   * Chooses a cluster with room and keeps room there: the first of the settings that has any, at the level that is wanted
   * or, where none is, at the installation's levels in their order.
   *
   * @throws {TenantryError} clusters_full; storage_unavailable: no cluster could be asked
   */
  assign(wanted: PlacementRequest & { readonly organization: string }): Promise<AssignedPlace>;
  /** Gives up the room that `assign` kept, once, for the very object that it answered with. */
  release(place: AssignedPlace): void;
  /**
   * Keeps room for one more collection of an organization that stands there, where that is one of the cluster's: not among
   * rows that are shared, nor in the files of the embedded engine, where it is rows of the organization's table.
   *
   * @returns gives it up
   * @throws {TenantryError} clusters_full; storage_unavailable: the cluster cannot be asked
   */
  keepCollection(place: AssignedPlace): Promise<() => void>;
  /** How each cluster stands, in the order of the settings. */
  describe(): Promise<readonly ClusterDescription[]>;
}

/** How a cluster stands. What it has is unknown, null, where it does not answer. */
export interface ClusterDescription {
  readonly name: string;
  readonly kind: ClusterKind;
  readonly health: 'up' | 'down';
  readonly organizations: number | null;
  /** All that count against the bound (`ClusterMeasure`). */
  readonly standing_collections: number | null;
  readonly databases: number | null;
  readonly bytes: number | null;
  /** How many more there may be; null is no bound, or unknown. */
  readonly room: { readonly collections: number | null; readonly databases: number | null };
}

/** With what places are chosen. */
export interface PlacesOptions {
  /** `main` first. */
  readonly clusters: readonly Cluster[];
  /** Those of organizations whose creation asks for none: the first that has room. */
  readonly levels: readonly Level[];
  /** How many collections and databases a cluster takes. */
  readonly boundsOf: (cluster: Cluster) => Bounds;
  /** Milliseconds that never go back. */
  readonly elapsed: () => number;
}

/** What a place takes of its cluster's bounds. */
const takes = {
  pooled: undefined,
  collection: 'collections',
  database: 'databases',
  cluster: 'databases',
} as const satisfies Record<Level, keyof Bounds | undefined>;

/** How long a measure is taken for the truth: instances that share a cluster may pass its bound by what they create in it. */
const measuredMilliseconds = 5_000;

/** What is known of how full a cluster is. */
interface Filling {
  readonly measure: ClusterMeasure;
  readonly at: number;
  /** Places that were assigned since. */
  readonly assigned: { collections: number; databases: number };
}

/** Gives up what has no bound. */
function nothingKept(): void {}

/** Chooses among the clusters of the settings. */
export function createPlaces({ clusters, levels, boundsOf, elapsed }: PlacesOptions): Places {
  const fillings = new Map<string, Filling>();
  const measuring = new Map<string, Promise<Filling>>();
  /** How the room of each assigned place is given up. */
  const kept = new WeakMap<AssignedPlace, () => void>();

  async function measure(cluster: Cluster): Promise<Filling> {
    const documents = await admittedDocuments(cluster);
    const filling = { measure: await documents.measure(), at: elapsed(), assigned: { collections: 0, databases: 0 } };
    fillings.set(cluster.name, filling);
    return filling;
  }

  async function fillingOf(cluster: Cluster): Promise<Filling> {
    const { name } = cluster;
    const known = fillings.get(name);
    if (known !== undefined && elapsed() - known.at < measuredMilliseconds) return known;
    // Of two at once the later would forget what was assigned by the earlier.
    const running = measuring.get(name) ?? measure(cluster).finally(() => measuring.delete(name));
    measuring.set(name, running);
    return await running;
  }

  /**
   * Keeps room, where there is any.
   *
   * @returns gives it up, where it is still kept: a later measure begins without what was kept before it
   */
  async function take(cluster: Cluster, taken: keyof Bounds | undefined): Promise<(() => void) | undefined> {
    if (taken === undefined) return nothingKept;
    const bound = boundsOf(cluster)[taken];
    if (bound === Number.POSITIVE_INFINITY) return nothingKept;
    const { measure, assigned } = await fillingOf(cluster);
    if (measure[taken] + assigned[taken] >= bound) return undefined;
    assigned[taken] += 1;
    return () => {
      assigned[taken] -= 1;
    };
  }

  async function assignIn(cluster: Cluster, level: Level, organization: string): Promise<AssignedPlace | undefined> {
    const giveUp = await take(cluster, takes[level]);
    if (giveUp === undefined) return undefined;
    try {
      const documents = await admittedDocuments(cluster);
      const place = { ...(await documents.assignPlace(level, organization)), level };
      kept.set(place, giveUp);
      return place;
    } catch (error) {
      giveUp();
      throw error;
    }
  }

  const candidates = (level: Level, wanted: string | undefined) =>
    clusters.filter(
      ({ name }) => (wanted === undefined || name === wanted) && (level !== 'cluster' || name !== mainCluster),
    );

  return {
    check: ({ level, cluster }) => checkRequest(clusters, { level, cluster }),

    async assign({ level: wanted, cluster: wantedCluster, organization }) {
      let failure: unknown;
      for (const level of wanted === undefined ? levels : [wanted]) {
        for (const cluster of candidates(level, wantedCluster)) {
          try {
            const place = await assignIn(cluster, level, organization);
            if (place !== undefined) return place;
          } catch (error) {
            if (!(error instanceof TenantryError)) throw error;
            // One that is gone leaves the next.
            failure = error;
          }
        }
      }
      throw failure ?? full(`another organization at level ${wanted ?? levels.join(' or ')}`);
    },

    release(place) {
      const cluster = clusters.find(({ name }) => name === place.cluster);
      cluster?.documents.releasePlace(place);
      kept.get(place)?.();
    },

    async keepCollection({ cluster: name, level }) {
      const cluster = clusters.find((each) => each.name === name);
      // Of one that is not there nothing works, which its documents tell.
      if (cluster === undefined || cluster.kind === 'embedded' || level === 'pooled') return nothingKept;
      const giveUp = await take(cluster, 'collections');
      if (giveUp === undefined) throw full('another collection in the cluster');
      return giveUp;
    },

    describe: () => Promise.all(clusters.map((cluster) => describeCluster(cluster, boundsOf(cluster)))),
  };
}

function checkRequest(clusters: readonly Cluster[], { level, cluster }: PlacementRequest): Record<string, string> {
  const names = clusters.map(({ name }) => name);
  if (cluster !== undefined && !names.includes(cluster)) {
    return { 'placement/cluster': `must be one of ${names.join(', ')}` };
  }
  if (level !== 'cluster') return {};
  if (cluster === mainCluster) return { 'placement/cluster': 'must be another than main at level cluster' };
  return names.length > 1 ? {} : { 'placement/level': 'cannot be cluster: there is none but main' };
}

async function describeCluster(cluster: Cluster, bounds: Bounds): Promise<ClusterDescription> {
  const { name, kind } = cluster;
  const left = (bound: number, used: number) => (bound === Number.POSITIVE_INFINITY ? null : Math.max(0, bound - used));
  try {
    const measure = await (await admittedDocuments(cluster)).measure();
    const { organizations, collections: standing_collections, databases, bytes } = measure;
    const room = {
      collections: left(bounds.collections, standing_collections),
      databases: left(bounds.databases, databases),
    };
    return { name, kind, health: 'up', organizations, standing_collections, databases, bytes, room };
  } catch (error) {
    if (!(error instanceof TenantryError)) throw error;
    const unknown = { organizations: null, standing_collections: null, databases: null, bytes: null };
    return { name, kind, health: 'down', ...unknown, room: { collections: null, databases: null } };
  }
}

function full(what: string): TenantryError {
  return new TenantryError('clusters_full', `There is no room for ${what}`, { retryAfterSeconds: 60 });
}
