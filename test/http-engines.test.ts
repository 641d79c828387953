import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import type { Call } from './http-engines/calls.ts';
import { onEmbedded, onMongodb } from './http-engines/ground.ts';
import { script } from './http-engines/script.ts';
import { missing } from './mongodb/address.ts';

function nameOf({ method, path, body }: Call, place: number): string {
  return `call ${place} of the chapter: ${method} ${path.slice(0, 100)} ${JSON.stringify(body ?? '').slice(0, 200)}`;
}

suite('the service on both engines', { skip: missing, timeout: 300_000 }, () => {
  test('answers every call alike, in status, body and header, and leaves the same behind', async (context) => {
    await using embedded = await onEmbedded();
    await using mongodb = await onMongodb();
    for (const [place, [chapter, calls]] of Object.entries(script).entries()) {
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
    await context.test('the records and collections that are left', async () => {
      const [one, other] = await Promise.all([embedded.end(), mongodb.end()]);
      assert.ok(one.organizations.length > 20, 'the organizations of the script are found');
      assert.deepEqual(other, one);
    });
  });
});
