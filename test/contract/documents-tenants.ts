import assert from 'node:assert/strict';
import { after, before, type TestContext } from 'node:test';
import { typeid } from 'typeid-js';
import type { Documents, Level, TenantPlace, Usage } from '../../src/store/documents.ts';
import { emptyPage, idsOf, listPage, nothing } from './documents-writes.ts';
import type { Engine } from './engine.ts';
import { type Ground, openGround } from './ground.ts';

/** The organizations of one case. */
export interface Tenants {
  /** The first store's. */
  readonly documents: Documents;
  /** Those of the stores in turn, so that racing calls come through different instances. */
  documentsOf(turn: number): Documents;
  /**
   * Makes an organization, at the level of the case where no other is given.
   *
   * @param name of its collection behind `org_` and the number of the case; one that is new where none is given
   */
  make(name?: string, level?: Level): Promise<TenantPlace>;
  /** Drops an organization, which is examined no more. */
  drop(place: TenantPlace): Promise<Usage>;
  /** Raises the slots by one, and gives the place as it is from then on. */
  raise(place: TenantPlace): Promise<TenantPlace>;
  /** Closes the stores and opens new ones on the same data. */
  reopen(): Promise<void>;
  /**
   * Examines the organizations: their slots have what is there, and another finds none of it. Then removes what would
   * outlive the stores. May be called again.
   */
  end(): Promise<void>;
}

/** What the suites of a level stand on: stores that their cases share, in which each has organizations of its own. */
export interface Stage {
  readonly engine: Engine;
  readonly level: Level;
  /** Begins a case, which is examined after the test: not within its scope, where a fault would hide the test's own. */
  begin(context: TestContext): Tenants;
}

/** The collections in which a stranger looks at the end of each case. */
const usualCollections = ['default', 'users'];

/** A stranger's, which is the beginning of others. */
const strangersName = 'org_1';

/** Opens the stores before the suites of the enclosing `describe`, and removes them with all data after those. */
export function prepareStage(engine: Engine, level: Level): Stage {
  let opened: { ground: Ground; stranger: TenantPlace } | undefined;
  before(async () => {
    const ground = await openGround(engine);
    opened = { ground, stranger: await makeTenant(ground.documents, { level, collection_name: strangersName }) };
  });
  after(async () => {
    if (opened === undefined) return;
    const { ground, stranger } = opened;
    await ground.documents.dropCollection(stranger);
    await ground[Symbol.asyncDispose]();
  });
  return {
    engine,
    level,
    begin(context) {
      if (opened === undefined) throw new Error('no store is open');
      const tenants = tenantsOf(opened.ground, level, opened.stranger);
      context.after(() => tenants.end());
      return tenants;
    },
  };
}

/** Begins a case on data of its own, which ends it by itself. */
export async function openTenants(ground: Ground, level: Level): Promise<Tenants> {
  const stranger = await makeTenant(ground.documents, { level, collection_name: strangersName });
  return tenantsOf(ground, level, stranger, async () => void (await ground.documents.dropCollection(stranger)));
}

/** The place of an organization that is nowhere yet, with an id of its own. */
export async function assignTenant(
  documents: Documents,
  { level, collection_name }: Pick<TenantPlace, 'level' | 'collection_name'>,
): Promise<TenantPlace> {
  const organization = typeid('org').toString();
  const place = await documents.assignPlace(level, organization);
  return { ...place, organization, level, collection_name, epoch: 1 };
}

/** Makes an organization with an id of its own. */
export async function makeTenant(
  documents: Documents,
  wanted: Pick<TenantPlace, 'level' | 'collection_name'>,
): Promise<TenantPlace> {
  const place = await assignTenant(documents, wanted);
  await documents.makeCollection(place);
  return place;
}

let cases = 0;

/**
 * @param stranger an organization beside those of the case, which must find nothing of theirs
 * @param afterwards happens at the end
 */
function tenantsOf(ground: Ground, level: Level, stranger: TenantPlace, afterwards = async () => {}): Tenants {
  const standing = new Map<string, TenantPlace>();
  cases += 1;
  const names = `org_${cases}_`;
  let made = 0;
  return {
    get documents() {
      return ground.documents;
    },
    documentsOf: ground.documentsOf,
    async make(name, chosen = level) {
      made += 1;
      const place = await makeTenant(ground.documents, { level: chosen, collection_name: names + (name ?? made) });
      standing.set(place.organization, place);
      return place;
    },
    async drop(place) {
      standing.delete(place.organization);
      return await ground.documents.dropCollection(place);
    },
    async raise(place) {
      const raised = { ...place, epoch: place.epoch + 1 };
      await ground.documents.raiseEpoch(raised);
      standing.set(place.organization, raised);
      return raised;
    },
    reopen: () => ground.reopen(),
    async end() {
      const { documents } = ground;
      const places = [...standing.values()];
      try {
        await Promise.all([
          ...places.map((place) => assertExactCount(documents, place)),
          assertFindsNothing(documents, stranger, places),
        ]);
      } finally {
        // Of the others nothing outlives the ground.
        const own = places.filter(({ level }) => level === 'database' || level === 'cluster');
        await Promise.all(own.map((place) => documents.dropCollection(place)));
        standing.clear();
        await afterwards();
      }
    },
  };
}

/** The slots have what is there. */
async function assertExactCount(documents: Documents, place: TenantPlace): Promise<void> {
  const usage = await documents.usage(place);
  const { counted, slots } = await documents.recount(place);
  assert.deepEqual({ usage, slots }, { usage: counted, slots: counted }, `${place.collection_name} is counted wrong`);
}

/** Another organization finds nothing of these, whatever it asks for. */
async function assertFindsNothing(
  documents: Documents,
  stranger: TenantPlace,
  places: readonly TenantPlace[],
): Promise<void> {
  const findNothingIn = async (collection: string) => {
    const pages = await Promise.all(places.map((place) => listPage(documents, place, {}, collection)));
    const ids = [...new Set(pages.flatMap((page) => idsOf(page.documents)))].slice(0, 1_000);
    assert.deepEqual(await documents.getMany(stranger, collection, ids), []);
    assert.deepEqual(await listPage(documents, stranger, {}, collection), emptyPage);
  };
  await Promise.all(usualCollections.map(findNothingIn));
  assert.deepEqual(await documents.usage(stranger), nothing);
}
