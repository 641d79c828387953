/** Opens the engine that the settings name, and tells what differs by it. */
import { existsSync, realpathSync } from 'node:fs';
import { basename, dirname, isAbsolute, join, relative, resolve } from 'node:path';
import { StartError } from './errors.ts';
import { events, trails } from './events/event.ts';
import { relayPositions } from './events/relay-position.ts';
import { idempotencyKeys } from './idempotency/idempotency-key.ts';
import { readSecret } from './identity/secret.ts';
import { signingKeysFile } from './identity/signing-keys-file.ts';
import { signingKeysKind, signingKeysRecords } from './identity/signing-keys-records.ts';
import type { KeyStore } from './identity/signing-keys-store.ts';
import { users } from './identity/user.ts';
import { instances } from './instances/instance.ts';
import { leases } from './instances/lease.ts';
import type { Log } from './log.ts';
import { admission } from './organizations/admit-cluster.ts';
import { collections } from './organizations/collection.ts';
import { organizations } from './organizations/organization.ts';
import { type Cluster, clusters, mainCluster } from './placement/cluster.ts';
import { routeDocuments } from './placement/route-documents.ts';
import type { ClusterSetting } from './settings/clusters.ts';
import { shownDatabaseUrl } from './settings/database.ts';
import type { Settings } from './settings/table.ts';
import type { ClusterMarks } from './store/cluster-mark.ts';
import type { CommitPoint } from './store/commit-points.ts';
import type { PlacedDocuments } from './store/documents.ts';
import type { Records } from './store/records.ts';
import { joinSessions, type Sessions } from './store/sessions.ts';
import type { CopiedCluster } from './store/sqlite/backup.ts';
import { traceDocuments } from './store/traced-documents.ts';
import { traceRecords } from './store/traced-records.ts';
import type { Tracer } from './tracing.ts';

/** Both ports on the engine in use, and what the service has to know of it. */
export interface OpenEngine {
  readonly records: Records;
  /** `main` first, then those of the settings in their order. */
  readonly clusters: readonly Cluster[];
  /** What this process may have open in all of them. */
  readonly sessions: Sessions;
  readonly keyStore: KeyStore;
  /** Whether other instances may work on the same data. */
  readonly isShared: boolean;
  /** Where the data is and what keeps it, for people. */
  readonly shown: { readonly data: string; readonly engine: string };
  /** Reads once from the master database. @throws {TenantryError} storage_unavailable */
  ready(): Promise<void>;
  /** Copies all data into a directory; undefined where the database has tools of its own for it. @throws {StartError} 1 */
  readonly backup: ((directory: string) => Promise<object>) | undefined;
  close(): Promise<void>;
}

/** With what an engine is opened. */
export interface EngineGround {
  readonly log: Log;
  readonly onCommit: (commit: { commits: number; seconds: number }) => void;
  readonly onStep: (point: CommitPoint) => void;
  /** A command of the operator is about data that is there; a start makes what is not. */
  readonly mustExist: boolean;
}

/** Both ports, as the features have them: where traces are collected each call is a span. */
export function portsOf(
  { records, clusters: all, isShared }: Pick<OpenEngine, 'records' | 'clusters' | 'isShared'>,
  tracer: Tracer | undefined,
): { readonly records: Records; readonly documents: PlacedDocuments } {
  const documents = routeDocuments(all);
  if (tracer === undefined) return { records, documents };
  const systems = new Map(all.map(({ name, kind }) => [name, kind === 'embedded' ? 'sqlite' : kind] as const));
  return {
    records: traceRecords(records, tracer, isShared ? 'mongodb' : 'sqlite'),
    documents: traceDocuments(documents, tracer, (name) => systems.get(name)),
  };
}

/** The kinds of the master database in a directory. */
export const fileKinds = [
  organizations,
  collections,
  users,
  idempotencyKeys,
  clusters,
  events,
  trails,
  relayPositions,
  instances,
  leases,
];

/** The file beside the databases that a backup holds too. */
const keyFile = 'signing-keys.json';

/** Each engine is imported where it is used: a start on one does not load the other. @throws {StartError} */
export async function openEngine(settings: Settings, ground: EngineGround): Promise<OpenEngine> {
  refuseDirectories(settings);
  await using opened = new AsyncDisposableStack();
  const { main, ...engine } = await (settings.DATABASE_URL === undefined ? openOnFiles : openOnMongodb)(
    settings,
    ground,
  );
  opened.defer(() => engine.close());
  const found: (MarkedCluster & Pick<Cluster, 'name'>)[] = [{ ...main, name: mainCluster }];
  const inDirectories: CopiedCluster[] = [];
  for (const cluster of settings.CLUSTERS ?? []) {
    const { close, copied, ...further } = await openCluster(settings, cluster, ground);
    opened.defer(close);
    found.push({ ...further, name: cluster.name });
    if (copied !== undefined) inDirectories.push(copied);
  }
  const names = found.map(({ name }) => name);
  const admitting = { records: engine.records, log: ground.log, names, mainKind: main.kind };
  const admitted = found.map(({ marks, sessions: _, name, ...cluster }): Cluster => {
    // Where there is none it is beside the master database, in the same directory.
    return { ...cluster, name, admit: marks === undefined ? async () => {} : admission(admitting, name, marks) };
  });
  const resources = opened.move();
  const { backup: copy } = engine;
  const backup = copy && ((target: string) => copy(target, inDirectories));
  const sessions = joinSessions(found.flatMap((cluster) => cluster.sessions ?? []));
  return { ...engine, backup, clusters: admitted, sessions, close: () => resources.disposeAsync() };
}

/** A cluster, and its mark. */
interface MarkedCluster extends Omit<Cluster, 'name' | 'admit'> {
  readonly marks: ClusterMarks | undefined;
  /** Of a deployment. */
  readonly sessions?: Sessions;
}

/** A further cluster, open. */
interface OpenCluster extends MarkedCluster {
  /** What a backup takes of it; of a deployment nothing, which has tools of its own for it. */
  readonly copied?: CopiedCluster;
  close(): Promise<void>;
}

/** The engine of the master database, before further clusters are there. */
interface MasterEngine extends Omit<OpenEngine, 'clusters' | 'sessions' | 'backup'> {
  readonly main: MarkedCluster;
  readonly backup: ((target: string, clusters: readonly CopiedCluster[]) => Promise<object>) | undefined;
}

async function openCluster(
  { DATABASE_NAME: database, WRITER_THREADS: writerThreads }: Settings,
  { name, location }: ClusterSetting,
  { log, onCommit, onStep }: EngineGround,
): Promise<OpenCluster> {
  if ('url' in location) {
    const { openMongodbCluster } = await import('./store/mongodb/open-cluster.ts');
    return { kind: 'mongodb', ...openMongodbCluster({ name, url: location.url, database, log, onStep }) };
  }
  const { openEmbeddedCluster } = await import('./store/sqlite/open-cluster.ts');
  const { directory } = location;
  return { kind: 'embedded', ...(await openEmbeddedCluster({ name, directory, log, writerThreads, onCommit })) };
}

/** One process holds a directory: where several share the master database it would be another's. @throws {StartError} 78 */
export function refuseDirectories({ DATABASE_URL, DATA_DIR, CLUSTERS = [] }: Settings): void {
  const taken = [{ whose: 'the data directory', path: standing(resolve(DATA_DIR)) }];
  for (const { name, location } of CLUSTERS) {
    if ('url' in location) continue;
    const { directory } = location;
    const wrong = (why: string) =>
      new StartError(78, `TENANTRY_CLUSTERS: ${name} is a directory, ${directory}, ${why}.`);
    if (DATABASE_URL !== undefined)
      throw wrong('which one process holds; with TENANTRY_DATABASE_URL it must be a MongoDB');
    const path = standing(directory);
    const other = taken.find((each) => isWithin(path, each.path) || isWithin(each.path, path));
    if (other !== undefined) throw wrong(`which is not apart from ${other.whose}, ${other.path}; name one that is`);
    taken.push({ whose: `that of ${name}`, path });
  }
}

/** Where a path leads by links, as far as what it names stands. */
function standing(path: string): string {
  if (existsSync(path)) return realpathSync(path);
  const above = dirname(path);
  return above === path ? path : join(standing(above), basename(path));
}

function isWithin(path: string, directory: string): boolean {
  const way = relative(directory, path);
  return !way.startsWith('..') && !isAbsolute(way);
}

async function openOnFiles(settings: Settings, { log, onCommit, mustExist }: EngineGround): Promise<MasterEngine> {
  const { openEmbedded } = await import('./store/sqlite/open.ts');
  const directory = resolve(settings.DATA_DIR);
  const store = await openEmbedded({
    directory,
    kinds: fileKinds,
    log,
    writerThreads: settings.WRITER_THREADS,
    onCommit,
    mustExist,
  });
  return {
    ...store,
    main: { kind: 'embedded', documents: store.documents, marks: undefined },
    keyStore: signingKeysFile(directory),
    isShared: false,
    shown: { data: directory, engine: `embedded (SQLite ${process.versions['sqlite']})` },
    async backup(target, clusters) {
      const standing = [{ whose: 'the data directory', path: directory }].concat(
        clusters.map((cluster) => ({ whose: `the directory of ${cluster.name}`, path: cluster.directory })),
      );
      const around = standing.find(({ path }) => isWithin(target, path));
      if (around !== undefined) {
        throw new StartError(1, `${target} is in ${around.whose}, and would be lost with it. Name one outside of it.`);
      }
      const all = (settings.CLUSTERS ?? []).map(({ name }) => name);
      const left_out = all.filter((name) => !clusters.some((cluster) => cluster.name === name));
      const summary = await store.backup(target, [keyFile], clusters);
      return { directory: target, ...summary, ...(left_out.length > 0 && { left_out }) };
    },
  };
}

async function openOnMongodb(settings: Settings, ground: EngineGround): Promise<MasterEngine> {
  const { DATABASE_URL: url = '', DATABASE_NAME: database, START_SECONDS: startSeconds } = settings;
  const { openMongodb } = await import('./store/mongodb/open.ts');
  const store = await openMongodb({ url, database, startSeconds, kinds: masterKinds, ...ground });
  return {
    ...store,
    main: { kind: 'mongodb', documents: store.documents, marks: store.marks, sessions: store.sessions },
    keyStore: signingKeysRecords(store.records, secretOf(settings)),
    isShared: true,
    shown: { data: `${shownDatabaseUrl(url)}, database ${database}`, engine: `MongoDB ${store.version}` },
    backup: undefined,
  };
}

/** What the signing keys are sealed with. */
export function secretOf({ SECRET = '' }: Settings): Uint8Array {
  const bytes = readSecret(SECRET);
  if (bytes === undefined) throw new RangeError('settings without a secret have been accepted');
  return bytes;
}

/** The kinds of the master database where the keys are in it too. */
export const masterKinds = [...fileKinds, signingKeysKind];

/** What the operator is told who asks for a backup of a database that has tools of its own. */
export function refusedBackup(): StartError {
  return new StartError(
    78,
    "The data is in MongoDB: back it up by the server's own tools, and keep TENANTRY_SECRET beside it. docs/operations.md tells how.",
  );
}
