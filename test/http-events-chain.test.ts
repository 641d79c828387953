import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { type Event, events, trails } from '../src/events/event.ts';
import { beginning, verifyEvents } from '../src/events/verify.ts';
import { remove, replace } from '../src/store/records.ts';
import { entryId, hashOf } from '../src/store/trail.ts';
import { engines } from './engines.ts';
import { openEdge } from './http-edge.ts';
import { done, eventsOf, operatorToken, send, sequencesOf, signUpByCall, verify } from './http-events/calls.ts';

for (const engine of engines) {
  const open = () => openEdge({ OPERATOR_TOKEN: operatorToken }, { engine });

  describe(`the chain of events on the ${engine.name} engine`, { timeout: 120_000 }, () => {
    test('what is changed, removed, cut off or rewritten shows, and what is about people may be removed', async () => {
      await using edge = await open();
      const { records } = edge.opened.tenancy;
      const standing = async (organization: string, sequence: number): Promise<Event> => {
        const event = await records.get(events, entryId(organization, sequence));
        assert.ok(event);
        return event;
      };
      const trailOf = async (organization: string) => {
        const trail = await records.get(trails, organization);
        assert.ok(trail);
        return trail;
      };
      const faults: readonly [string, number, (id: string) => Promise<readonly ReturnType<typeof replace>[]>][] = [
        ['changed', 2, async (id) => [replace(events, { ...(await standing(id, 2)), data: { other: true } })]],
        [
          'personal_changed',
          2,
          async (id) => [replace(events, { ...(await standing(id, 2)), personal: { address: '192.0.2.66' } })],
        ],
        ['missing', 2, async (id) => [remove(events, await standing(id, 2))]],
        ['missing', 3, async (id) => [remove(events, await standing(id, 3))]],
        [
          'not_chained',
          3,
          async (id) => {
            const event = { ...(await standing(id, 2)), data: { other: true } };
            return [replace(events, { ...event, hash: hashOf({ ...event }) })];
          },
        ],
        [
          'end_changed',
          3,
          async (id) => {
            const { hash } = await standing(id, 2);
            return [replace(trails, { ...(await trailOf(id)), sequence: 2, hash })];
          },
        ],
      ];
      for (const [number, [reason, sequence, forge]] of faults.entries()) {
        const { id, token } = await signUpByCall(edge, `Acme${number}`);
        await done(edge, `POST /v1/organizations/${id}/collections`, { token, body: { name: 'c' } });
        assert.deepEqual((await verify(edge, id)).body['broken'], null);
        assert.deepEqual(await records.commit(await forge(id)), { result: 'done' });
        assert.deepEqual((await verify(edge, id)).body['broken'], { sequence, reason }, reason);
      }
      const { id } = await signUpByCall(edge, 'Erased');
      await records.commit([replace(events, { ...(await standing(id, 1)), personal: null, personal_salt: null })]);
      const { body } = await verify(edge, id);
      assert.deepEqual([body['verified'], body['broken'], body['next_cursor']], [2, null, null]);
    });

    test('a walk past its time ends where it has come, and the next one goes on from there', async () => {
      await using edge = await open();
      const { records } = edge.opened.tenancy;
      const { id } = await signUpByCall(edge, 'Acme');
      const first = await verifyEvents(records, id, beginning, performance.now());
      assert.deepEqual([first.verified, first.broken, first.isDone], [2, undefined, false]);
      const next = await verifyEvents(records, id, first.last);
      assert.deepEqual([next.verified, next.broken, next.isDone], [0, undefined, true]);
    });

    test('fifty commands at once on one organization leave no gap, no double, no conflict and no 503', async () => {
      await using edge = await open();
      const { id, token } = await signUpByCall(edge, 'Acme');
      const answers = await Promise.all(
        Array.from({ length: 50 }, (_, number) =>
          number % 2 === 0
            ? send(edge, `POST /v1/organizations/${id}/collections`, { token, body: { name: `c${number}` } })
            : send(edge, `PATCH /v1/organizations/${id}`, { body: { quotas: { documents: number } } }),
        ),
      );
      assert.deepEqual(
        answers.map(({ status }) => status).filter((status) => status >= 300),
        [],
        JSON.stringify(answers.find(({ status }) => status >= 300)?.body),
      );
      const found = await eventsOf(edge, id);
      assert.deepEqual(
        sequencesOf(found),
        Array.from({ length: 52 }, (_, index) => index + 1),
      );
      assert.deepEqual((await verify(edge, id)).body['verified'], 52);
    });
  });
}
