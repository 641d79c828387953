import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import type { Engine } from './contract/engine.ts';
import { engines } from './engines.ts';
import { OrganizationsModel } from './organizations-model.ts';
import { type Step, type Target, takeStep } from './organizations-steps.ts';
import { openTenancy } from './tenancy.ts';

// Few values, so that they meet: spellings of one name, names of one collection, and one that is too short.
const name = fc.constantFrom(
  'Acme',
  ' acme ',
  'ACME',
  'Glo bex',
  'glo  bex',
  'Glo-Bex',
  'Straße',
  'STRASSE',
  '株式会社',
  'ab',
);
const email = fc.constantFrom('ada@example.com', 'ADA@example.com', 'bob@example.com', 'cid@example.com');
const password = fc.constantFrom(
  'correct horse',
  'correct horse',
  'correct horse',
  'another password',
  'another password',
  'short',
);
/** The last token mostly, or one of those before it. */
const token = fc.oneof({ weight: 3, arbitrary: fc.constant(0) }, { weight: 2, arbitrary: fc.nat({ max: 6 }) });
/** An organization that there is, by its number. */
const existing = fc.nat({ max: 5 });
/** The organization of the token mostly. */
const target: fc.Arbitrary<Target> = fc.oneof(
  { weight: 4, arbitrary: fc.constant('own') },
  { weight: 2, arbitrary: existing },
  { weight: 1, arbitrary: fc.record({ name }) },
);
const credentials = fc.record({ email, password });
const maybe = <T>(value: fc.Arbitrary<T>) => fc.option(value, { nil: undefined, freq: 2 });
const change = fc.record({ name: maybe(name), email: maybe(email), password: maybe(password) });
const drop = fc.constantFrom('answered', 'answered', 'answered', 'lost', 'not done');
const isHalf = fc.nat({ max: 4 }).map((chance) => chance === 0);
const milliseconds = fc.constantFrom(1_000, 30_000, 30_000, 600_000, 86_400_000);

const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 6, arbitrary: fc.record({ call: fc.constant('create'), name, email, password, isHalf }) },
  {
    weight: 6,
    arbitrary: fc.record({ call: fc.constant('sign in'), as: fc.oneof(existing, existing, existing, credentials) }),
  },
  { weight: 8, arbitrary: fc.record({ call: fc.constant('update'), token, target, change }) },
  { weight: 4, arbitrary: fc.record({ call: fc.constant('delete'), token, target, drop }) },
  { weight: 2, arbitrary: fc.record({ call: fc.constant('read'), name }) },
  { weight: 2, arbitrary: fc.record({ call: fc.constant('pass time'), milliseconds }) },
  { weight: 2, arbitrary: fc.record({ call: fc.constant('sweep') }) },
  { weight: 1, arbitrary: fc.record({ call: fc.constant('restart') }) },
);

const outOfReach = {
  account: { name: 'account', most: 1_000, seconds: 60 },
  failures: { name: 'failures', most: 1_000, seconds: 60 },
};

/** Runs the steps on a store of their own and on the model, and compares each answer and what is left. */
async function compare(engine: Engine, steps: readonly Step[]): Promise<void> {
  await using opened = await openTenancy({ engine, signInLimits: outOfReach });
  const model = new OrganizationsModel(opened.clock.now);
  const tokens: string[] = [];
  for (const taken of steps) {
    const { real, expected } = await takeStep({ opened, model, tokens }, taken);
    assert.deepEqual(real, expected, `the answer to ${JSON.stringify(taken)}`);
    if (taken.call === 'sweep') assert.deepEqual(await opened.left(), model.left(), 'what a sweep leaves');
  }
  assert.deepEqual(await opened.left(), model.left(), 'what is left at the end');
}

for (const engine of engines) {
  describe(`the model of organizations on the ${engine.name} engine`, { timeout: 300_000 }, () => {
    test('calls of several admins, faults, restarts and sweeps between them, are answered as the model has it', async () => {
      const property = fc.asyncProperty(fc.array(step, { maxLength: 80, size: 'max' }), (steps) =>
        compare(engine, steps),
      );
      await fc.assert(property, fromEnvironment(20));
    });
  });
}

/** The seed and the number of runs: `TEST_SEED` repeats a failure, `TEST_RUNS` takes longer. */
function fromEnvironment(numRuns: number): { numRuns: number; seed?: number } {
  const { TEST_SEED: seed, TEST_RUNS: runs } = process.env;
  return { numRuns: Number(runs ?? numRuns), ...(seed === undefined ? {} : { seed: Number(seed) }) };
}
