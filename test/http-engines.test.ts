import assert from 'node:assert/strict';
import { suite, type TestContext, test } from 'node:test';
import type { Call, Chapter } from './http-engines/calls.ts';
import { openOn } from './http-engines/ground.ts';
import { script } from './http-engines/script.ts';
import { clusterChapters } from './http-engines/script-documents.ts';
import { missing } from './mongodb/address.ts';
import { clusterEngines, type ServiceEngine, serviceEngines } from './service/ground.ts';

function nameOf({ method, path, body }: Call, place: number): string {
  return `call ${place} of the chapter: ${method} ${path.slice(0, 100)} ${JSON.stringify(body ?? '').slice(0, 200)}`;
}

/** Makes every call on two engines, and gives how many organizations were left. */
async function compare(
  context: TestContext,
  [first, second]: readonly ServiceEngine[],
  chapters: Readonly<Record<string, Chapter>>,
): Promise<number> {
  assert.ok(first && second);
  await using embedded = await openOn(first);
  await using mongodb = await openOn(second);
  for (const [place, [chapter, calls]] of Object.entries(chapters).entries()) {
    // TEST-NET-3 of RFC 5737 is nobody's.
    const address = `203.0.113.${place + 1}`;
    await context.test(chapter, async () => {
      for (const [number, call] of calls.entries()) {
        const [one, other] = await Promise.all([embedded.send(call, address), mongodb.send(call, address)]);
        assert.equal(one.status, call.status, `${nameOf(call, number)}\n${one.body}`);
        assert.deepEqual(other, one, nameOf(call, number));
      }
    });
  }
  const [one, other] = await Promise.all([embedded.end(), mongodb.end()]);
  assert.deepEqual(other, one, 'the records and collections that are left');
  return one.organizations.length;
}

suite('the service on both engines', { skip: missing, timeout: 300_000 }, () => {
  test('answers every call alike, in status, body and header, and leaves the same behind', async (context) => {
    assert.ok((await compare(context, serviceEngines, script)) > 20, 'the organizations of the script are found');
  });

  test('answers alike at level cluster too, in a directory and on a MongoDB', async (context) => {
    assert.equal(await compare(context, clusterEngines, clusterChapters), 1);
  });
});
