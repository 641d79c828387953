import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { Engine } from './contract/engine.ts';
import { engines } from './engines.ts';
import type { Method } from './http-documents/calls.ts';
import { documentsOf, openDocuments, put, type Tenant } from './http-documents/ground.ts';

/** Of each call; fewer where one takes long, and is measured the more exactly for that. */
const roundsOn = ({ share }: Engine) => (share === 1 ? 150 : 50);

/** Measures of one kind that may differ before it is a fault: a machine under load is uneven, a leak is not. */
const attempts = 3;

/** How far medians may lie apart, as a share of the lower one; and in milliseconds, so that tiny ones may too. */
const most = { share: 0.25, milliseconds: 0.2 } as const;

/** The two calls of a trial, by turns. @returns the medians, in milliseconds */
async function mediansOf(calls: readonly (() => Promise<unknown>)[], rounds: number): Promise<number[]> {
  const times = calls.map((): number[] => []);
  for (let round = 0; round < rounds; round += 1) {
    // Each is as often the first one.
    const order = [...calls.keys()];
    if (round % 2 === 1) order.reverse();
    for (const place of order) {
      const begun = performance.now();
      await calls[place]?.();
      times[place]?.push(performance.now() - begun);
    }
  }
  return times.map((each) => each.toSorted((one, other) => one - other)[Math.floor(rounds / 2)] ?? 0);
}

async function assertAlike(what: string, calls: readonly (() => Promise<unknown>)[], rounds: number): Promise<void> {
  const seen: string[] = [];
  for (let attempt = 0; attempt < attempts; attempt += 1) {
    const medians = await mediansOf(calls, rounds);
    const [least, greatest] = [Math.min(...medians), Math.max(...medians)];
    if (greatest - least <= Math.max(most.milliseconds, least * most.share)) return;
    seen.push(medians.map((median) => `${median.toFixed(3)} ms`).join(' and '));
  }
  assert.fail(`${what}: ${seen.join('; ')}`);
}

/** Paths below the organizations' that hold what is another's, each beside the same of nobody. */
function pathsOf({ id, name }: Tenant): (readonly [string, string])[] {
  const changed = `${id.slice(0, -1)}${id.endsWith('0') ? '1' : '0'}`;
  const document = documentsOf('default', 'hidden');
  return [
    [`/${id}${document}`, `/${changed}${document}`],
    [`/${name}${document}`, `/${name.replace('Victim', 'Nobody')}${document}`],
  ];
}

for (const engine of engines) {
  describe(`time on the ${engine.name} engine`, { timeout: 300_000 }, () => {
    for (const level of ['pooled', 'collection'] as const) {
      test(`at level ${level} an admin cannot tell by it whether another organization or its document is there`, async () => {
        await using ground = await openDocuments({ engine, level });
        const [victim, attacker] = [await ground.tenant('Victim'), await ground.tenant('Attacker')];
        await put(victim, 'hidden', { secret: true });
        await put(attacker, 'own', {});
        const rounds = roundsOn(engine);
        const call = (method: Method, path: string) => async () => {
          const { edge } = ground;
          const answer = await edge.server.inject({
            method,
            url: `/v1/organizations${path}`,
            headers: { authorization: `Bearer ${attacker.token}` },
            ...(method === 'PUT' && { payload: { of: 'attacker' } }),
          });
          assert.equal(answer.statusCode, 404, answer.body);
        };
        for (const method of ['GET', 'PUT', 'DELETE'] as const) {
          for (const [foreign, absent] of pathsOf(victim)) {
            await assertAlike(`${method} ${foreign}`, [call(method, foreign), call(method, absent)], rounds);
          }
          // Its own organization, with the id of another's document: a PUT would make it.
          if (method === 'PUT') continue;
          const own = (id: string) => call(method, `/${attacker.id}${documentsOf('default', id)}`);
          await assertAlike(`${method} of a document of another`, [own('hidden'), own('absent')], rounds);
        }
      });
    }
  });
}
