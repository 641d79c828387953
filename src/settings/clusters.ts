import { isAbsolute, normalize } from 'node:path';
import { databaseUrl } from './database.ts';
import { type Kind, type Reading, wholeNumber } from './kinds.ts';

/** How far apart from others an organization's documents stand. */
const level = /^(?:pooled|collection|database|cluster)$/;

/** A level, as the port for documents has it. */
type Level = 'pooled' | 'collection' | 'database' | 'cluster';

/** One level, and `pooled` behind it where that is the way out. */
export const levels: Kind<readonly Level[]> = {
  accepts: 'one of pooled, collection, database, cluster, or one of the last three with ,pooled behind it',
  read(text) {
    const [first = '', ...others] = text.split(',');
    const hasWayOut = others.length === 1 && others[0] === 'pooled' && first !== 'pooled';
    if (!level.test(first) || !(others.length === 0 || hasWayOut)) return { right: levels.accepts };
    return { value: [first, ...others] as Level[] };
  },
};

/** A further cluster, as the settings name it. */
export interface ClusterSetting {
  readonly name: string;
  /** Where a MongoDB is, or the absolute path of a directory. */
  readonly location: { readonly url: string } | { readonly directory: string };
}

const name = /^[a-z][a-z0-9-]{0,31}$/;

/** Further clusters with white space between: an address of several hosts has commas. */
export const clusters: Kind<readonly ClusterSetting[]> = {
  accepts:
    'name=mongodb://... or name=/directory, several with spaces between; a name is 1 to 32 of a-z 0-9 -, begins with a letter, is not main, and stands once',
  read(text) {
    const found: ClusterSetting[] = [];
    const parts = text.split(/\s+/).filter((each) => each !== '');
    for (const [place, part] of parts.entries()) {
      const reading = readCluster(part, `number ${place + 1} of ${parts.length}`);
      if ('right' in reading) return reading;
      const { name: given } = reading.value;
      if (found.some((other) => other.name === given)) return { right: `one place for each cluster: ${given} has two` };
      found.push(reading.value);
    }
    return found.length === 0 ? { right: clusters.accepts } : { value: found };
  },
};

/** What is no name may be a part of an address with its password: it is told by its place. */
function readCluster(part: string, place: string): Reading<ClusterSetting> {
  const equals = part.indexOf('=');
  const [given, location] = [part.slice(0, Math.max(0, equals)), part.slice(equals + 1)];
  if (!name.test(given) || given === 'main') return { right: `${clusters.accepts}; ${place} is not` };
  if (isAbsolute(location)) return { value: { name: given, location: { directory: normalize(location) } } };
  const url = databaseUrl.read(location, undefined);
  return 'value' in url
    ? { value: { name: given, location: { url: url.value } } }
    : { right: `${given}=/directory, or ${given}= and ${url.right}` };
}

/** A bound of clusters: of those that have one of their own, by their names, and of all others. */
export interface ClusterBound {
  /** Undefined: what is usual for the cluster's kind. */
  readonly others: number | undefined;
  readonly own: ReadonlyMap<string, number>;
}

const most = wholeNumber(1, 1_000_000);

/** A bound for all clusters, and behind it or alone bounds for single ones. */
export const clusterBound: Kind<ClusterBound> = {
  accepts: `${most.accepts} for all clusters, name=number for one of them, or both, such as 5000,main=20000`,
  read(text) {
    const own = new Map<string, number>();
    let others: number | undefined;
    for (const [place, part] of text.split(',').entries()) {
      const [given = '', ...rest] = part.split('=').reverse();
      const reading = most.read(given, undefined);
      const [cluster] = rest;
      const isForm = cluster === undefined ? place === 0 : rest.length === 1 && name.test(cluster);
      if (!('value' in reading && isForm)) return { right: clusterBound.accepts };
      if (cluster === undefined) others = reading.value;
      else if (own.has(cluster)) return { right: `one number for each cluster: ${cluster} has two` };
      else own.set(cluster, reading.value);
    }
    return { value: { others, own } };
  },
};

/** The clusters that a bound names and that are not there, in words that follow "must be". */
export function misnamedIn(
  bound: ClusterBound | undefined,
  further: readonly ClusterSetting[] = [],
): { readonly found: string; readonly right: string } | undefined {
  const names = ['main', ...further.map((cluster) => cluster.name)];
  const unknown = [...(bound?.own.keys() ?? [])].filter((given) => !names.includes(given));
  if (unknown.length === 0) return undefined;
  const known = names.length === 1 ? 'main' : `one of ${names.join(', ')}`;
  return {
    found: `names ${unknown.join(' and ')}`,
    right: `must be ${known}, the clusters that there are (TENANTRY_CLUSTERS)`,
  };
}
