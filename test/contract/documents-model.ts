import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import type { Level } from '../../src/store/documents.ts';
import { documentsIn, emptyTenant, type TenantState, usageIn } from './documents-model-state.ts';
import { answerIds, assertAnswers, type Intent, type Scene, type Step, takeStep } from './documents-model-steps.ts';
import { prepareStage } from './documents-tenants.ts';
import { readAll } from './documents-writes.ts';
import { type Engine, shareOf } from './engine.ts';
import { runsFromEnvironment } from './runs.ts';

/** Random calls of organizations at mixed levels against a plain model: each has what it wrote, and nothing else. */
export function documentsModel(engine: Engine): void {
  describe('the model', { timeout: 300_000 }, () => {
    const stage = prepareStage(engine, 'pooled');
    test('any calls of organizations at any levels have the effects and answers of the model', async (context) => {
      const property = fc.asyncProperty(levels, steps, async (chosen, taken) => {
        const tenants = stage.begin(context);
        const states: TenantState[] = [];
        for (const [number, name] of names.entries()) {
          states.push(emptyTenant(await tenants.make(name, chosen[number])));
        }
        const scene: Scene = { tenants, states, turn: 0 };
        for (const step of taken) await takeStep(scene, step);
        for (const state of states) await assertAll(scene, state);
        await tenants.end();
      });
      await fc.assert(property, { ...runsFromEnvironment(shareOf(engine, 40)), endOnFailure: true });
    });
  });
}

/** Each begins like another. */
const names = ['acme', 'acme_2', 'acm'];
const collections = ['default', 'users'] as const;

const level = fc.constantFrom<Level[]>('pooled', 'collection', 'database', 'cluster');
const levels = fc.tuple(level, level, level);
const id = fc.constantFrom('a', 'B', 'a.', 'a-', '~', '_id');
const at = { tenant: fc.nat({ max: names.length - 1 }), collection: fc.constantFrom(...collections) };
/** Seldom another epoch than the slots have. */
const late = fc.nat({ max: 9 }).map((chance) => (chance === 0 ? 1 : chance === 1 ? -1 : 0));

const intent: fc.Arbitrary<Intent> = fc.record({
  op: fc.constantFrom('insert', 'insert', 'replace', 'remove'),
  id,
  length: fc.nat({ max: 50 }),
  stale: fc.nat({ max: 9 }).map((chance) => chance === 0),
});
const quota = fc.oneof(
  { weight: 3, arbitrary: fc.constant({}) },
  fc.record({ documents: fc.nat({ max: 8 }) }),
  fc.record({ bytes: fc.nat({ max: 1_000 }) }),
);
const keep = fc.option(fc.record({ id: fc.constantFrom(...answerIds), isOver: fc.boolean() }), { freq: 1 });
const range = fc.record({
  direction: fc.constantFrom('ascending', 'descending'),
  limit: fc.integer({ min: 1, max: 7 }),
  bytes: fc.integer({ min: 1, max: 500 }),
});

const write = fc.record({
  ...{ call: fc.constant('write'), ...at, late, quota, keep },
  intents: fc.uniqueArray(intent, { minLength: 1, maxLength: 5, selector: (chosen) => chosen.id }),
});
const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 12, arbitrary: write },
  { weight: 2, arbitrary: fc.record({ call: fc.constant('get'), ...at, ids: fc.uniqueArray(id) }) },
  { weight: 3, arbitrary: fc.record({ call: fc.constant('list'), ...at, range }) },
  {
    weight: 2,
    arbitrary: fc.record({ call: fc.constant('remove some'), ...at, late, most: fc.integer({ min: 1, max: 4 }) }),
  },
  { weight: 1, arbitrary: fc.record({ call: fc.constant('find answers'), ...at }) },
  { weight: 3, arbitrary: fc.record({ call: fc.constantFrom('raise', 'recount', 'make again'), ...at }) },
  { weight: 1, arbitrary: fc.record({ call: fc.constantFrom('make anew'), ...at }) },
  { weight: 1, arbitrary: fc.record({ call: fc.constant('reopen') }) },
);
const steps = fc.array(step, { minLength: 5, maxLength: 40, size: 'max' });

/** The organization has what the model has: documents, counts and answers. */
async function assertAll({ tenants: { documents } }: Scene, state: TenantState): Promise<void> {
  const { place } = state;
  for (const collection of collections) {
    assert.deepEqual(await readAll(documents, place, collection), documentsIn(state, collection));
    assert.deepEqual(await documents.usage(place, collection), usageIn(state, collection));
  }
  assert.deepEqual(await documents.usage(place), usageIn(state));
  await assertAnswers(documents, state);
}
