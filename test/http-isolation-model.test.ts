import assert from 'node:assert/strict';
import { randomInt } from 'node:crypto';
import { describe, test } from 'node:test';
import { type Engine, shareOf } from './contract/engine.ts';
import { runsFromEnvironment } from './contract/runs.ts';
import { engines } from './engines.ts';
import { bodyOf } from './http-documents/calls.ts';
import { type DocumentsGround, levels, openDocuments } from './http-documents/ground.ts';
import { chance, TenantModel } from './http-isolation/model.ts';
import { compareAll, type Player, takeStep } from './http-isolation/steps.ts';

/** Organizations that call at once, at all levels in turn. */
const tenants = 20;

/** Calls of all of them together; `TEST_RUNS` takes longer, `TEST_SEED` repeats a failure. */
const { numRuns: calls, seed = randomInt(2 ** 31) } = runsFromEnvironment(3_000);

async function createPlayers(ground: DocumentsGround): Promise<Player[]> {
  const players: Player[] = [];
  for (let number = 0; number < tenants; number += 1) {
    // Names that begin alike, so that a place that goes by a prefix would be another's.
    const tenant = await ground.tenant(`Acme${'_2'.repeat(number)}`, levels[number % levels.length]);
    players.push({ tenant, model: new TenantModel(), mark: `mark-${number}-`, random: chance(seed + number) });
  }
  return players;
}

async function play(engine: Engine): Promise<void> {
  await using ground = await openDocuments({ engine, level: 'collection' }, { isMixed: true });
  const players = await createPlayers(ground);
  const rounds = Math.ceil(shareOf(engine, calls) / tenants);
  for (let round = 0; round < rounds; round += 1) await Promise.all(players.map(takeStep));
  for (const player of players) await compareAll(player);
  // What is left of each second one must be what it was when the others are gone.
  for (const [number, { tenant, model }] of players.entries()) {
    if (number % 2 === 0) continue;
    assert.deepEqual(bodyOf(await tenant.send('DELETE', ''))['erased'], model.usage());
  }
  for (const [number, player] of players.entries()) {
    if (number % 2 === 0) await compareAll(player);
  }
}

for (const engine of engines) {
  describe(`the model of documents on the ${engine.name} engine`, { timeout: 600_000 }, () => {
    test(`${tenants} organizations at mixed levels that call at once see their own data alone, as the model has it`, async (context) => {
      context.diagnostic(`TEST_SEED=${seed} repeats it`);
      await play(engine);
    });
  });
}
