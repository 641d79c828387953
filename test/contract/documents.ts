import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { Documents, Place } from '../../src/store/documents.ts';
import { documentsRoom } from './documents-room.ts';
import type { Engine } from './engine.ts';
import { openGround } from './ground.ts';

/** The contract of the port for documents, for any engine. */
export function documentsContract(engine: Engine): void {
  describe(`documents on the ${engine.name} engine`, { timeout: 120_000 }, () => {
    makingAndDropping(engine);
    doingItAtOnce(engine);
    documentsRoom(engine);
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

/** Which of the collections stand in the place. */
async function standing(documents: Documents, place: Place, names: readonly string[]): Promise<string[]> {
  const found: string[] = [];
  for (const name of names) if (await documents.hasCollection(place, name)) found.push(name);
  return found;
}

function makingAndDropping(engine: Engine): void {
  test('a collection stands once it was made, and no longer once it was dropped, also after a new start', async () => {
    await using ground = await openGround(engine);
    const place = await ground.documents.assignPlace();
    assert.equal(await ground.documents.hasCollection(place, 'org_acme'), false);
    await ground.documents.makeCollection(place, 'org_acme');
    assert.equal(await ground.documentsOf(1).hasCollection(place, 'org_acme'), true);
    await ground.reopen();
    assert.equal(await ground.documents.hasCollection(place, 'org_acme'), true);
    await ground.documents.dropCollection(place, 'org_acme');
    assert.equal(await ground.documentsOf(1).hasCollection(place, 'org_acme'), false);
    await ground.reopen();
    assert.equal(await ground.documents.hasCollection(place, 'org_acme'), false);
  });

  test('making and dropping may be done again and end in the same state', async () => {
    await using ground = await openGround(engine);
    const { documents } = ground;
    const place = await documents.assignPlace();
    for (let round = 0; round < 3; round += 1) {
      await documents.dropCollection(place, 'org_acme');
      await documents.dropCollection(place, 'org_acme');
      assert.equal(await documents.hasCollection(place, 'org_acme'), false);
      await documents.makeCollection(place, 'org_acme');
      await documents.makeCollection(place, 'org_acme');
      assert.equal(await documents.hasCollection(place, 'org_acme'), true);
    }
  });

  test('a drop touches the named collection alone, whatever the names of the others', async () => {
    await using ground = await openGround(engine);
    const { documents } = ground;
    const place = await documents.assignPlace();
    for (const name of neighbours) await documents.makeCollection(place, name);
    await documents.makeCollection(place, 'org_acme');
    await documents.dropCollection(place, 'org_acme');
    assert.deepEqual(await standing(documents, place, ['org_acme', ...neighbours]), neighbours);
    for (const [number, name] of neighbours.entries()) {
      await documents.dropCollection(place, name);
      assert.deepEqual(await standing(documents, place, neighbours), neighbours.slice(number + 1));
    }
  });

  test('a name stands only where it was made: not by its beginning, nor by a wildcard in it', async () => {
    await using ground = await openGround(engine);
    const { documents } = ground;
    const place = await documents.assignPlace();
    await documents.makeCollection(place, 'org_acme');
    assert.deepEqual(await standing(documents, place, neighbours), []);
    const long = `org_${'a'.repeat(96)}`;
    await documents.makeCollection(place, long);
    assert.deepEqual(await standing(documents, place, [long, long.slice(0, -1), long.slice(0, 63)]), [long]);
  });
}

function doingItAtOnce(engine: Engine): void {
  test('many that make or drop one collection at once all return', async () => {
    await using ground = await openGround(engine);
    const place = await ground.documents.assignPlace();
    const turns = Array.from({ length: 40 }, (_, turn) => turn);
    await Promise.all(turns.map((turn) => ground.documentsOf(turn).makeCollection(place, 'org_acme')));
    assert.equal(await ground.documents.hasCollection(place, 'org_acme'), true);
    await Promise.all(turns.map((turn) => ground.documentsOf(turn).dropCollection(place, 'org_acme')));
    assert.equal(await ground.documents.hasCollection(place, 'org_acme'), false);
    await Promise.all(
      turns.map((turn) => {
        const documents = ground.documentsOf(turn);
        return turn % 2 === 0
          ? documents.makeCollection(place, 'org_acme')
          : documents.dropCollection(place, 'org_acme');
      }),
    );
    await ground.documents.makeCollection(place, 'org_acme');
    assert.equal(await ground.documentsOf(1).hasCollection(place, 'org_acme'), true);
  });

  test('collections made and dropped beside each other do not touch one another', async () => {
    await using ground = await openGround(engine);
    const place = await ground.documents.assignPlace();
    const names = Array.from({ length: 20 }, (_, number) => `org_acme_${number}`);
    await Promise.all(names.map((name, turn) => ground.documentsOf(turn).makeCollection(place, name)));
    const [dropped, kept] = [
      names.filter((_, number) => number % 2 === 0),
      names.filter((_, number) => number % 2 === 1),
    ];
    await Promise.all([
      ...dropped.map((name, turn) => ground.documentsOf(turn).dropCollection(place, name)),
      ...kept.map((name, turn) => ground.documentsOf(turn).makeCollection(place, name)),
    ]);
    assert.deepEqual(await standing(ground.documents, place, names), kept);
  });
}
