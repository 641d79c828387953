/** Examines the servers that the settings name, for the doctor: the database and the clusters by reading alone. */
import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import { examineBroker } from './broker/examine.ts';
import { fileKinds, masterKinds, refuseDirectories, secretOf } from './engine.ts';
import { StartError } from './errors.ts';
import { signingKeysRecords } from './identity/signing-keys-records.ts';
import { refusedMark } from './organizations/admit-cluster.ts';
import { type Inhabitants, organizationsByCluster } from './organizations/organizations-by-cluster.ts';
import { stillUsed } from './organizations/settle-clusters.ts';
import { boundsOf } from './placement/bounds.ts';
import { clusters, mainCluster } from './placement/cluster.ts';
import type { BrokerAddress } from './settings/broker.ts';
import type { ClusterSetting } from './settings/clusters.ts';
import type { Settings } from './settings/table.ts';
import type { Finding } from './store/mongodb/examine.ts';
import type { Filling, FoundCluster } from './store/mongodb/examine-cluster.ts';
import type { ReadRecords } from './store/sqlite/examine.ts';

/** What the master database tells. */
interface Master {
  /** Which installation this is; undefined where it has no id yet. */
  readonly own: { readonly installation: string | undefined };
  readonly inside: ReadonlyMap<string, Inhabitants>;
}

/** What was found; the master undefined where it could not be read. */
interface Examined {
  readonly findings: readonly Finding[];
  readonly master: Master | undefined;
}

/** What is found of the database, the clusters, the Redis and the broker that the settings name. */
export async function examineDatabase(settings: Settings): Promise<readonly Finding[]> {
  const { CLUSTERS = [], DATABASE_URL: url, REDIS_URL, BROKER_URL } = settings;
  const { findings, master } = await (url === undefined ? examineFiles(settings) : examineServer(settings, url));
  const location = url === undefined ? { directory: resolve(settings.DATA_DIR) } : { url };
  const main = await examineCluster({ settings, master }, { name: mainCluster, location });
  const own = url === undefined ? master?.own : ownOf(main);
  const further = await Promise.all(CLUSTERS.map((cluster) => examineCluster({ settings, master }, cluster)));
  const named = [mainCluster, ...CLUSTERS.map(({ name }) => name)];
  const missing = [...(master?.inside ?? [])].filter(([name]) => !named.includes(name));
  return [
    ...findings,
    ...further.map((cluster) => judge(cluster, own)),
    ...missing.map(([name, inside]): Finding => ({ verdict: 'wrong', text: stillUsed(name, inside).message })),
    ...[main, ...further].flatMap((cluster) => judgeRoom(settings, cluster)),
    ...(REDIS_URL === undefined ? [] : await examineRedis(REDIS_URL, own)),
    ...(BROKER_URL === undefined ? [] : [await lookAtBroker(BROKER_URL, settings)]),
  ];
}

async function examineRedis(url: string, own: Master['own'] | undefined): Promise<readonly Finding[]> {
  const { examineRedis: examine } = await import('./cache/redis/examine.ts');
  // Where there is no installation yet nobody can have been given rights on its keys alone.
  return await examine(url, own?.installation ?? 'doctor');
}

/** Who hands no event on opens no link, and needs none. */
async function lookAtBroker(address: BrokerAddress, { ROLES }: Settings): Promise<Finding> {
  if (ROLES.includes('worker')) return await examineBroker(address);
  return {
    verdict: 'ok',
    text: `the broker ${address.shown} is used by processes with the role worker, not by this one`,
  };
}

async function examineFiles({ DATA_DIR }: Settings): Promise<Examined> {
  const { examineMaster } = await import('./store/sqlite/examine.ts');
  try {
    const master = await examineMaster({ directory: resolve(DATA_DIR), kinds: fileKinds, read: readMaster });
    return { findings: [], master: master ?? { own: { installation: undefined }, inside: new Map() } };
  } catch (error) {
    if (!(error instanceof StartError)) throw error;
    return { findings: [{ verdict: 'wrong', text: error.message }], master: undefined };
  }
}

async function examineServer(settings: Settings, url: string): Promise<Examined> {
  const { examineMongodb } = await import('./store/mongodb/examine.ts');
  let master: Master | undefined;
  const findings = await examineMongodb({
    url,
    database: settings.DATABASE_NAME,
    kinds: masterKinds,
    async lookAt(records) {
      master = await readMaster(records);
      const kept = await signingKeysRecords(records, secretOf(settings)).read();
      return kept === undefined
        ? 'there are no signing keys yet: the start makes them'
        : 'the signing keys open with TENANTRY_SECRET';
    },
  });
  return { findings, master };
}

async function readMaster(records: ReadRecords): Promise<Master> {
  const main = await records.get(clusters, mainCluster);
  return { own: { installation: main?.installation }, inside: await organizationsByCluster(records) };
}

/** A cluster of the settings, and what was found there; an error is what keeps a start from using it. */
interface ExaminedCluster extends ClusterSetting {
  readonly found: FoundCluster | StartError;
}

async function examineCluster(
  { settings, master }: { readonly settings: Settings; readonly master: Master | undefined },
  cluster: ClusterSetting,
): Promise<ExaminedCluster> {
  try {
    refuseDirectories(settings);
    return { ...cluster, found: await lookAt(settings, cluster, master) };
  } catch (error) {
    if (!(error instanceof StartError)) throw error;
    return { ...cluster, found: error };
  }
}

async function lookAt(
  { DATABASE_NAME }: Settings,
  { name, location }: ClusterSetting,
  master: Master | undefined,
): Promise<FoundCluster> {
  if ('url' in location) {
    const { examineCluster: examine } = await import('./store/mongodb/examine-cluster.ts');
    return await examine(location.url, DATABASE_NAME);
  }
  const { readMark } = await import('./store/sqlite/cluster-marks.ts');
  const { directory } = location;
  const shown = `directory ${directory}${existsSync(directory) ? '' : ', made at the start'}`;
  return { shown, mark: readMark(directory), has: madeFor(master?.inside.get(name)) };
}

/** What the embedded engine has made for organizations. */
function madeFor(inside: Inhabitants | undefined): Filling | undefined {
  return (
    inside && { collections: inside.ofLevel.collection, databases: inside.ofLevel.database + inside.ofLevel.cluster }
  );
}

/** Which installation a deployment is told to be the master database of; undefined where it is not known. */
function ownOf({ found }: ExaminedCluster): Master['own'] | undefined {
  return found instanceof StartError || 'fault' in found ? undefined : { installation: found.mark?.installation };
}

/** @param own undefined: it is not known which installation this is */
function judge({ name, found }: ExaminedCluster, own: Master['own'] | undefined): Finding {
  const tell = (verdict: Finding['verdict'], text: string): Finding => ({ verdict, text: `cluster ${name}: ${text}` });
  if (found instanceof StartError) return tell('wrong', found.message);
  // A start goes on without it.
  if ('fault' in found) return tell('warning', found.fault);
  const { shown, mark } = found;
  if (mark === undefined) return tell('ok', `${shown}; it has no mark yet: the start gives it`);
  const refusal = refusedMark({ cluster: name, installation: mark.installation, ...own }, mark);
  if (refusal !== undefined) return tell('wrong', `${shown}; ${refusal.message}`);
  return tell('ok', `${shown}; its mark is ${own === undefined ? 'of this name' : 'of this name and installation'}`);
}

const levelsIn = {
  collections: 'collection',
  databases: 'database or cluster',
} as const satisfies Record<keyof Filling, string>;

/** A bound that is reached keeps nothing from starting. */
function judgeRoom(
  { CLUSTER_COLLECTIONS: collections, CLUSTER_DATABASES: databases }: Settings,
  { name, location, found }: ExaminedCluster,
): Finding[] {
  if (found instanceof StartError || 'fault' in found || found.has === undefined) return [];
  const { has } = found;
  const bounds = boundsOf({ name, kind: 'url' in location ? 'mongodb' : 'embedded' }, { collections, databases });
  return (['collections', 'databases'] as const)
    .filter((what) => has[what] >= bounds[what])
    .map((what) => ({
      verdict: 'warning',
      text: `cluster ${name} has ${has[what]} ${what} of the ${bounds[what]} that it may have (TENANTRY_CLUSTER_${what.toUpperCase()}): no organization of level ${levelsIn[what]} finds room there`,
    }));
}
