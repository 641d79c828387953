import { isAbsolute, normalize } from 'node:path';
import { databaseUrl } from './database.ts';
import type { Kind, Reading } from './kinds.ts';

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
    for (const part of text.split(/\s+/).filter((each) => each !== '')) {
      const reading = readCluster(part);
      if ('right' in reading) return reading;
      if (found.some((other) => other.name === reading.value.name)) return { right: clusters.accepts };
      found.push(reading.value);
    }
    return found.length === 0 ? { right: clusters.accepts } : { value: found };
  },
};

function readCluster(part: string): Reading<ClusterSetting> {
  const equals = part.indexOf('=');
  const [given, location] = [part.slice(0, Math.max(0, equals)), part.slice(equals + 1)];
  if (!name.test(given) || given === 'main') return { right: clusters.accepts };
  if (isAbsolute(location)) return { value: { name: given, location: { directory: normalize(location) } } };
  const url = databaseUrl.read(location, undefined);
  return 'value' in url
    ? { value: { name: given, location: { url: url.value } } }
    : { right: `${given}= and ${url.right}` };
}
