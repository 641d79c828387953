import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { Documents, Place, TenantPlace } from '../../src/store/documents.ts';
import { assignTenant } from './documents-tenants.ts';
import { type Engine, shareOf } from './engine.ts';
import { openGround } from './ground.ts';

/** How what an organization needs is made and dropped at level `collection`, where others may see and take its name. */
export function documentsMaking(engine: Engine): void {
  describe('making and dropping', { timeout: 120_000 }, () => {
    makingAndDropping(engine);
    doingItAtOnce(engine);
  });
}

/** Names that a pattern, a prefix or a blank would mistake for `org_acme`. */
const neighbours = [
  'org_acme_2',
  'org_acm',
  'org_acmee',
  'org_a_me',
  'orgxacme',
  'org_',
  'org__',
  'org_acme_',
  'org_acme2',
];

/** A place of level `collection` for the name, each of another organization. */
function assign(documents: Documents, collection_name = 'org_acme'): Promise<TenantPlace> {
  return assignTenant(documents, { level: 'collection', collection_name });
}

async function assignAll(documents: Documents, names: readonly string[]): Promise<TenantPlace[]> {
  const places: TenantPlace[] = [];
  for (const name of names) places.push(await assign(documents, name));
  return places;
}

/** Which of the collections stand in the place. */
async function standing(documents: Documents, place: Place, names: readonly string[]): Promise<string[]> {
  const found: string[] = [];
  for (const name of names) if (await documents.hasCollection(place, name)) found.push(name);
  return found;
}

function makingAndDropping(engine: Engine): void {
  test('a collection stands once it was made, and no longer once it was dropped, also after a new start', async () => {
    await using ground = await openGround(engine);
    const place = await assign(ground.documents);
    assert.equal(await ground.documents.hasCollection(place, 'org_acme'), false);
    await ground.documents.makeCollection(place);
    assert.equal(await ground.documentsOf(1).hasCollection(place, 'org_acme'), true);
    await ground.reopen();
    assert.equal(await ground.documents.hasCollection(place, 'org_acme'), true);
    await ground.documents.dropCollection(place);
    assert.equal(await ground.documentsOf(1).hasCollection(place, 'org_acme'), false);
    await ground.reopen();
    assert.equal(await ground.documents.hasCollection(place, 'org_acme'), false);
  });

  test('making and dropping may be done again and end in the same state', async () => {
    await using ground = await openGround(engine);
    const { documents } = ground;
    const place = await assign(documents);
    for (let round = 0; round < 3; round += 1) {
      await documents.dropCollection(place);
      await documents.dropCollection(place);
      assert.equal(await documents.hasCollection(place, 'org_acme'), false);
      await documents.makeCollection(place);
      await documents.makeCollection(place);
      assert.equal(await documents.hasCollection(place, 'org_acme'), true);
    }
  });

  test('a drop touches the collection of its organization alone, whatever the names of the others', async () => {
    await using ground = await openGround(engine);
    const { documents } = ground;
    const places = await assignAll(documents, ['org_acme', ...neighbours]);
    for (const place of places) await documents.makeCollection(place);
    for (const [number, place] of places.entries()) {
      await documents.dropCollection(place);
      assert.deepEqual(await standing(documents, place, ['org_acme', ...neighbours]), neighbours.slice(number));
    }
  });

  test('a name stands only where it was made: not by its beginning, nor by a wildcard in it', async () => {
    await using ground = await openGround(engine);
    const { documents } = ground;
    const place = await assign(documents);
    await documents.makeCollection(place);
    assert.deepEqual(await standing(documents, place, neighbours), []);
    const name = `org_${'a'.repeat(96)}`;
    const long = await assign(documents, name);
    await documents.makeCollection(long);
    assert.deepEqual(await standing(documents, long, [name, name.slice(0, -1), name.slice(0, 63)]), [name]);
  });
}

function doingItAtOnce(engine: Engine): void {
  test('many that make or drop one collection at once all return', async () => {
    await using ground = await openGround(engine);
    const place = await assign(ground.documents);
    const turns = Array.from({ length: shareOf(engine, 40) }, (_, turn) => turn);
    await Promise.all(turns.map((turn) => ground.documentsOf(turn).makeCollection(place)));
    assert.equal(await ground.documents.hasCollection(place, 'org_acme'), true);
    await Promise.all(turns.map((turn) => ground.documentsOf(turn).dropCollection(place)));
    assert.equal(await ground.documents.hasCollection(place, 'org_acme'), false);
    await Promise.all(
      turns.map(async (turn) => {
        const documents = ground.documentsOf(turn);
        if (turn % 2 === 0) await documents.makeCollection(place);
        else await documents.dropCollection(place);
      }),
    );
    await ground.documents.makeCollection(place);
    assert.equal(await ground.documentsOf(1).hasCollection(place, 'org_acme'), true);
  });

  test('collections made and dropped beside each other do not touch one another', async () => {
    await using ground = await openGround(engine);
    const names = Array.from({ length: shareOf(engine, 40) }, (_, number) => `org_acme_${number}`);
    const places = await assignAll(ground.documents, names);
    await Promise.all(places.map((place, turn) => ground.documentsOf(turn).makeCollection(place)));
    await Promise.all(
      places.map(async (place, number) => {
        const documents = ground.documentsOf(number);
        if (number % 2 === 0) await documents.dropCollection(place);
        else await documents.makeCollection(place);
      }),
    );
    const [place] = places;
    assert.ok(place);
    const kept = names.filter((_, number) => number % 2 === 1);
    assert.deepEqual(await standing(ground.documents, place, names), kept);
  });
}
