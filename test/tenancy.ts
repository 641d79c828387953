import { memoryLimits } from '../src/cache/memory/limits.ts';
import { fileKinds } from '../src/engine.ts';
import { createEventHub } from '../src/events/hub.ts';
import type { Origin } from '../src/events/origin.ts';
import { createPasswords } from '../src/identity/passwords.ts';
import type { SigningKeys } from '../src/identity/signing-keys.ts';
import { createTokens } from '../src/identity/tokens.ts';
import { users } from '../src/identity/user.ts';
import type { Log } from '../src/log.ts';
import { authenticateFor, type Caller } from '../src/organizations/authenticate-admin.ts';
import { createOrganization } from '../src/organizations/create.ts';
import type { FailPoint } from '../src/organizations/fail-points.ts';
import {
  newOrganizationId,
  type Organization,
  type OrganizationView,
  organizations,
  placeOf,
} from '../src/organizations/organization.ts';
import { signInAdmin } from '../src/organizations/sign-in.ts';
import { createSignInDelay } from '../src/organizations/sign-in-delay.ts';
import { createSignInEvents } from '../src/organizations/sign-in-events.ts';
import type { DocumentLimits, Tenancy } from '../src/organizations/tenancy.ts';
import { wait } from '../src/organizations/wait.ts';
import { type Cluster, mainCluster } from '../src/placement/cluster.ts';
import { createPlaces } from '../src/placement/places.ts';
import { routeDocuments } from '../src/placement/route-documents.ts';
import type { Level, Place, PlacedDocuments } from '../src/store/documents.ts';
import { createQueues } from '../src/store/queues.ts';
import { asTheyStand } from '../src/store/recent-records.ts';
import { insert, type Kind, type Records } from '../src/store/records.ts';
import { type TestClock, testClock } from './clock.ts';
import { engine as embedded } from './contract/embedded.ts';
import type { Engine } from './contract/engine.ts';
import { intercept, watched } from './intercept.ts';
import { openTestKeys } from './key-store.ts';

/** A tenancy on a real store of its own. Closed and removed at the end of its scope. */
export interface TestTenancy extends AsyncDisposable {
  /** Another object after `restart`; a copy with members of one's own (`{ ...tenancy, instance: 'other' }`) is one more process. */
  readonly tenancy: Tenancy;
  readonly clock: TestClock;
  /** Where the engine has its data. */
  readonly location: string;
  /** Those that sign its tokens. */
  readonly keys: SigningKeys;
  /** What was logged, oldest first. */
  readonly logged: readonly LogLine[];
  /** The fail-points that were reached, oldest first. */
  readonly reached: readonly FailPoint[];
  /** Closes the store and opens it again, as a restart of the process does. Tokens stay good. */
  restart(): Promise<void>;
  /** How much there is of each kind, and which collections stand of those that were ever made or looked for. */
  left(): Promise<Leftovers>;
}

/** All that operations can leave behind. */
export interface Leftovers {
  readonly organizations: number;
  readonly users: number;
  /** Their names, in order. */
  readonly collections: readonly string[];
}

/** A line of the log. */
export interface LogLine {
  readonly level: keyof Log;
  readonly fields: object;
  readonly message: string;
}

/** How the tenancy of a test is made; all may be left out. */
export interface TenancyOptions {
  /** `embedded` where it is left out. */
  readonly engine?: Engine;
  readonly signInLimits?: Tenancy['signInLimits'];
  /** Has a second cluster, `east`, on the same engine; so organizations may be at level `cluster`. */
  readonly hasCluster?: boolean;
  /** Told of each call of the store: the port's method and, of records, the kind. */
  readonly onStoreCall?: (call: string) => void;
  /** `collection` where they are left out. */
  readonly defaultLevels?: readonly Level[];
  /** Those of the settings' defaults where they are left out. */
  readonly documentLimits?: Partial<DocumentLimits>;
  readonly keptBound?: Partial<Tenancy['keptBound']>;
}

/** Cost 4 is bcrypt's least: a test is about something else. */
export const testPasswords = { cost: 4, workers: 2, waitSeconds: 60 } as const;

/** Who does what a test does. */
export const byTest: Origin = {
  actor: { type: 'operator', id: null },
  email: null,
  address: '192.0.2.9',
  request_id: 'req_test',
};

const defaultDocumentLimits: DocumentLimits = { bytes: 1_048_576, depth: 16, collections: 100 };

const defaultSignInLimits: Tenancy['signInLimits'] = {
  account: { name: 'sign-in-account', most: 10, seconds: 60 },
  failures: { name: 'sign-in-failures', most: 100, seconds: 60 },
};

/** Opens a tenancy on an empty store: `await using opened = await openTenancy()`. */
export async function openTenancy(options: TenancyOptions = {}): Promise<TestTenancy> {
  const { engine = embedded, hasCluster, signInLimits = defaultSignInLimits, defaultLevels = ['collection'] } = options;
  const clock = testClock();
  const logged: LogLine[] = [];
  const reached: FailPoint[] = [];
  const told = new Map<string, { readonly place: Place; readonly collection: string }>();
  const keys = await openTestKeys({ clock });
  const parts = {
    passwords: createPasswords(testPasswords),
    tokens: createTokens({ keys, issuer: 'tenantry', minutes: 30, now: clock.now }),
    limits: memoryLimits({ now: clock.now }),
    signInLimits,
    documentLimits: { ...defaultDocumentLimits, ...options.documentLimits },
    keptBound: { answers: 100_000, bytes: 67_108_864, ...options.keptBound },
    eventsDays: 400,
    queueOf: createQueues(),
    log: logInto(logged),
    instance: 'test',
    now: () => new Date(clock.now()),
    wait: clock.wait,
    delaySignIn: createSignInDelay(clock.wait),
    reach: (point: FailPoint) => void reached.push(point),
  };
  const location = await engine.create();
  const open = async () => watchedStore(await openStore(engine, location, hasCluster), options.onStoreCall);
  let store = await open();
  const tenancyOf = ({ documents, clusters: standing, ...stored }: typeof store): Tenancy => {
    const eventHub = createEventHub({ records: stored.records, isShared: engine.instances > 1, log: parts.log, wait });
    const { records } = eventHub;
    return {
      ...parts,
      eventHub,
      signInEvents: createSignInEvents({ records, log: parts.log, now: parts.now }),
      records,
      recent: asTheyStand(records),
      documents: remember(documents, (place, collection) =>
        told.set(`${place.cluster}/${place.database}/${collection}`, { place, collection }),
      ),
      places: createPlaces({
        clusters: standing,
        levels: defaultLevels,
        boundsOf: () => ({ collections: Number.POSITIVE_INFINITY, databases: Number.POSITIVE_INFINITY }),
        elapsed: clock.now,
      }),
    };
  };
  let tenancy = tenancyOf(store);
  return {
    get tenancy() {
      return tenancy;
    },
    clock,
    location,
    keys,
    logged,
    reached,
    async restart() {
      await store.close();
      store = await open();
      tenancy = tenancyOf(store);
    },
    async left() {
      const standing: string[] = [];
      for (const { place, collection } of told.values()) {
        if (await store.documents.hasCollection(place, collection)) standing.push(collection);
      }
      return {
        organizations: (await store.records.list(organizations, 'name_key', { limit: 1_000 })).length,
        users: (await store.records.list(users, 'email_key', { limit: 1_000 })).length,
        collections: standing.sort(),
      };
    },
    async [Symbol.asyncDispose]() {
      await store.close();
      await engine.destroy(location);
    },
  };
}

/** What a tenancy stands on, open. */
interface TestStore {
  readonly records: Records;
  readonly documents: PlacedDocuments;
  readonly clusters: readonly Cluster[];
  close(): Promise<void>;
}

async function openStore(engine: Engine, location: string, hasCluster = false): Promise<TestStore> {
  const store = await engine.open(location, { kinds: fileKinds });
  const kind = engine.name === 'mongodb' ? 'mongodb' : 'embedded';
  const main: Cluster = { name: mainCluster, kind, documents: store.documents, admit: async () => {} };
  if (!hasCluster) return { ...store, clusters: [main] };
  const east = await engine.openCluster(location, 'east');
  const standing: Cluster[] = [main, { name: 'east', kind, documents: east.documents, admit: async () => {} }];
  return {
    records: store.records,
    documents: routeDocuments(standing),
    clusters: standing,
    async close() {
      await east.close();
      await store.close();
    },
  };
}

function watchedStore(store: TestStore, tell: TenancyOptions['onStoreCall']): TestStore {
  if (tell === undefined) return store;
  return {
    ...store,
    records: watched(store.records, (method, [kind]) =>
      tell(`records.${method} ${(kind as Partial<Kind>).name ?? ''}`),
    ),
    documents: watched(store.documents, (method) => tell(`documents.${method}`)),
  };
}

function logInto(lines: LogLine[]): Log {
  const add = (level: keyof Log) => (fields: object, message: string) => void lines.push({ level, fields, message });
  return { info: add('info'), warn: add('warn'), error: add('error'), audit: add('audit') };
}

/** The same documents, telling of each collection that is made or looked for. */
function remember(documents: PlacedDocuments, tell: (place: Place, collection: string) => void): PlacedDocuments {
  const looking = intercept(documents, 'hasCollection', (forward, place, collection) => {
    tell(place, collection);
    return forward();
  });
  return intercept(looking, 'makeCollection', (forward, place) => {
    if (place.level === 'collection') tell(place, place.collection_name);
    return forward();
  });
}

/** The same as another process has it, which waits for nothing in this one. */
export function elsewhere(tenancy: Tenancy, members: Partial<Tenancy>): Tenancy {
  return { ...tenancy, queueOf: createQueues(), ...members };
}

/** An admin of an organization that was created for a test, signed in. */
export interface TestAdmin {
  readonly view: OrganizationView;
  readonly email: string;
  readonly password: string;
  readonly token: string;
  readonly caller: Caller;
}

/** Creates an organization of this name and signs its admin in. */
export async function signUp(tenancy: Tenancy, name: string, email = emailFor(name)): Promise<TestAdmin> {
  const password = `the password of ${name}`;
  const view = await createOrganization(tenancy, { organization_name: name, email, password }, byTest);
  return { view, password, ...(await signIn(tenancy, email, password)) };
}

/** Signs in, and says who calls by the token. */
export async function signIn(
  tenancy: Tenancy,
  email: string,
  password: string,
): Promise<Pick<TestAdmin, 'email' | 'token' | 'caller'>> {
  const token = await signInAdmin(tenancy, { email, password }, '192.0.2.1', byTest);
  return { email, token, caller: await authenticateAdmin(tenancy, token) };
}

/** The caller whose token this is, by what stands. */
export async function authenticateAdmin(tenancy: Tenancy, token: string): Promise<Caller> {
  return (await authenticateFor(tenancy, asTheyStand(tenancy.records), token)).caller;
}

function emailFor(name: string): string {
  return `${name.toLowerCase().replaceAll(/[^a-z0-9]/g, '-')}@example.com`;
}

/** Makes the caller's user the admin of a second organization too, which no call can do, and says who calls for that one. */
export async function addOrganization(tenancy: Tenancy, caller: Caller, name: string): Promise<Caller> {
  const first = await tenancy.records.get(organizations, caller.organization_id);
  if (first === undefined) throw new Error('the caller has no organization');
  const second: Organization = {
    ...first,
    id: newOrganizationId(),
    version: 1,
    name,
    name_key: name.toLowerCase(),
    collection_name: `org_${name.toLowerCase()}`,
  };
  await tenancy.records.commit([insert(organizations, second)]);
  await tenancy.documents.makeCollection(placeOf(second));
  return { ...caller, organization_id: second.id };
}
