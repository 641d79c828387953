import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { Claim, Limit, Limits } from '../../src/cache/limits.ts';

/** An implementation under test, empty at first, and how to let its time pass. */
export interface LimitsUnderTest {
  readonly limits: Limits;
  /** Lets this many milliseconds pass on the clock that the implementation goes by. */
  pass(milliseconds: number): Promise<void>;
  close(): Promise<void>;
}

const three: Limit = { name: 'three', most: 3, seconds: 10 };

/** Seconds of the windows of limits; no sum of eight passes is the length of one. */
const windows = { short: 10, long: 60 } as const;

const claim = fc.record({
  name: fc.constantFrom('short' as const, 'long' as const),
  most: fc.integer({ min: 0, max: 4 }),
  key: fc.constantFrom('a', 'b'),
});

const step = fc.record({
  op: fc.constantFrom('take', 'take', 'take', 'look', 'pass'),
  claims: fc.uniqueArray(claim, { minLength: 1, maxLength: 2, selector: ({ name }) => name }),
  seconds: fc.constantFrom(4, 7),
});

/** The port in a few lines, of seconds. */
function createModel() {
  const counted = new Map<string, { readonly count: number; readonly end: number }>();
  let time = 0;
  const nameOf = ({ limit, key }: Claim) => `${limit.name} ${key}`;
  const countOf = (each: Claim) => {
    const window = counted.get(nameOf(each));
    return window !== undefined && window.end > time ? window : { count: 0, end: time + each.limit.seconds };
  };
  return {
    pass(seconds: number) {
      time += seconds;
    },
    stand(claims: readonly Claim[], counting: boolean): [boolean, number][] {
      const before = claims.map(countOf);
      const counts = counting && claims.every(({ limit }, at) => (before[at]?.count ?? 0) < limit.most);
      return claims.map((each, at) => {
        const { count, end } = before[at] ?? countOf(each);
        const after = counts ? count + 1 : count;
        if (counts) counted.set(nameOf(each), { count: after, end });
        return [count < each.limit.most, Math.max(0, each.limit.most - after)];
      });
    },
  };
}

/** What every implementation of the port `Limits` keeps. */
export function limitsContract(engine: string, open: () => Promise<LimitsUnderTest>): void {
  function guarantee(name: string, check: (subject: LimitsUnderTest) => Promise<void>): void {
    test(`${engine} limits: ${name}`, async () => {
      const subject = await open();
      try {
        await check(subject);
      } finally {
        await subject.close();
      }
    });
  }

  guarantee('as many as the limit says are allowed, and no more', async ({ limits }) => {
    const standings = [];
    for (let call = 0; call < 5; call++) standings.push(await limits.take(three, 'a'));
    assert.deepEqual(
      standings.map(({ allowed, remaining }) => [allowed, remaining]),
      [
        [true, 2],
        [true, 1],
        [true, 0],
        [false, 0],
        [false, 0],
      ],
    );
  });

  guarantee('of a thousand at once exactly as many are allowed', async ({ limits }) => {
    const limit = { name: 'crowd', most: 40, seconds: 10 };
    const standings = await Promise.all(Array.from({ length: 1_000 }, () => limits.take(limit, 'a')));
    assert.equal(standings.filter(({ allowed }) => allowed).length, 40);
  });

  guarantee('the window begins with the first one counted and ends after its seconds', async ({ limits, pass }) => {
    assert.equal((await limits.take(three, 'a')).resetSeconds, 10);
    await pass(6_000);
    await limits.take(three, 'a');
    await limits.take(three, 'a');
    const refused = await limits.take(three, 'a');
    assert.deepEqual([refused.allowed, refused.resetSeconds], [false, 4]);
    await pass(4_001);
    const fresh = await limits.take(three, 'a');
    assert.deepEqual(fresh, { allowed: true, remaining: 2, resetSeconds: 10 });
    await pass(1_000);
    assert.deepEqual(await limits.take(three, 'a'), { allowed: true, remaining: 1, resetSeconds: 9 });
  });

  guarantee('what is refused is not counted and does not prolong the window', async ({ limits, pass }) => {
    for (let call = 0; call < 3; call++) await limits.take(three, 'a');
    for (let call = 0; call < 9; call++) {
      await pass(1_000);
      assert.equal((await limits.take(three, 'a')).allowed, false);
    }
    await pass(1_001);
    assert.equal((await limits.look(three, 'a')).remaining, 3);
  });

  guarantee('looking tells how a key stands and counts nothing', async ({ limits, pass }) => {
    assert.deepEqual(await limits.look(three, 'a'), { allowed: true, remaining: 3, resetSeconds: 10 });
    await pass(5_000);
    for (let call = 0; call < 3; call++) {
      assert.deepEqual(await limits.look(three, 'a'), { allowed: true, remaining: 3 - call, resetSeconds: 10 });
      await limits.take(three, 'a');
    }
    assert.deepEqual(await limits.look(three, 'a'), { allowed: false, remaining: 0, resetSeconds: 10 });
  });

  guarantee('a reset is told in whole seconds, rounded up, at least 1', async ({ limits, pass }) => {
    await limits.take(three, 'a');
    await pass(1_500);
    assert.equal((await limits.look(three, 'a')).resetSeconds, 9);
    await pass(8_300);
    assert.equal((await limits.look(three, 'a')).resetSeconds, 1);
  });

  guarantee('keys and limits are counted apart', async ({ limits }) => {
    const other: Limit = { ...three, name: 'other' };
    for (let call = 0; call < 3; call++) await limits.take(three, 'a');
    for (const [limit, key] of [
      [three, 'b'],
      [three, 'A'],
      [three, ''],
      [other, 'a'],
    ] as const) {
      assert.equal((await limits.take(limit, key)).remaining, 2);
    }
    const joined: Limit = { ...three, name: 'thr' };
    assert.equal((await limits.take(joined, 'eea')).remaining, 2);
    assert.equal((await limits.look(three, 'a')).allowed, false);
  });

  guarantee('several are counted where all allow it, and none where one does not', async ({ limits }) => {
    const two: Limit = { name: 'two', most: 2, seconds: 60 };
    const claims = [
      { limit: three, key: 'a' },
      { limit: two, key: 'b' },
    ];
    const take = async () => (await limits.takeAll(claims)).map(({ allowed, remaining }) => [allowed, remaining]);
    assert.deepEqual(await take(), [
      [true, 2],
      [true, 1],
    ]);
    await take();
    for (let call = 0; call < 3; call++) {
      assert.deepEqual(await take(), [
        [true, 1],
        [false, 0],
      ]);
    }
    assert.deepEqual(await limits.takeAll([]), []);
    assert.equal((await limits.look(three, 'a')).remaining, 1);
  });

  guarantee('of several that share a limit, at once, exactly as many are allowed', async ({ limits }) => {
    const shared: Limit = { name: 'shared', most: 30, seconds: 60 };
    const own: Limit = { name: 'own', most: 20, seconds: 60 };
    const calls = Array.from({ length: 200 }, (_, call) =>
      limits.takeAll([
        { limit: own, key: String(call % 2) },
        { limit: shared, key: 'a' },
      ]),
    );
    const allowed = (await Promise.all(calls)).filter((standings) => standings.every((each) => each.allowed));
    assert.equal(allowed.length, 30);
  });

  guarantee('what is past its limit is known without asking, and nothing else is', async ({ limits, pass }) => {
    const claims = [{ limit: three, key: 'a' }];
    for (let call = 0; call < 3; call++) {
      assert.equal(limits.refusal(claims), undefined);
      await limits.takeAll(claims);
    }
    assert.deepEqual(limits.refusal([{ limit: three, key: 'b' }, ...claims]), {
      limit: three,
      standing: { allowed: false, remaining: 0, resetSeconds: 10 },
    });
    await pass(10_001);
    assert.equal(limits.refusal(claims), undefined);
  });

  guarantee('another number or a shorter time counts for the window that is open', async ({ limits }) => {
    for (let call = 0; call < 3; call++) await limits.take(three, 'a');
    assert.equal((await limits.take({ ...three, most: 2 }, 'a')).allowed, false);
    assert.deepEqual(await limits.take({ ...three, most: 5 }, 'a'), { allowed: true, remaining: 1, resetSeconds: 10 });
    assert.deepEqual(await limits.take({ ...three, most: 5, seconds: 4 }, 'a'), {
      allowed: true,
      remaining: 0,
      resetSeconds: 4,
    });
  });

  guarantee(
    'whatever is counted, looked at and let pass, it stands as a simple model does',
    async ({ limits, pass }) => {
      let run = 0;
      await fc.assert(
        fc.asyncProperty(fc.array(step, { minLength: 1, maxLength: 30 }), async (steps) => {
          run += 1;
          const model = createModel();
          let passes = 0;
          for (const { op, claims: given, seconds } of steps) {
            const claims = given.map(({ name, most, key }) => ({
              // Those of another run are other ones.
              limit: { name: `${name}-${run}`, most, seconds: windows[name] },
              key,
            }));
            const [first] = claims;
            if (op === 'pass') {
              // More would come to the end of a window to the second, which real time passes.
              passes += 1;
              if (passes > 8) continue;
              await pass(seconds * 1_000);
              model.pass(seconds);
            } else if (op === 'look' && first !== undefined) {
              const { allowed, remaining } = await limits.look(first.limit, first.key);
              assert.deepEqual([[allowed, remaining]], model.stand([first], false));
            } else {
              const standings = await limits.takeAll(claims);
              assert.deepEqual(
                standings.map(({ allowed, remaining }) => [allowed, remaining]),
                model.stand(claims, true),
              );
            }
          }
        }),
        { numRuns: 200 },
      );
    },
  );

  guarantee('a limit of none allows none', async ({ limits }) => {
    const none: Limit = { name: 'none', most: 0, seconds: 60 };
    const refused = { allowed: false, remaining: 0, resetSeconds: 60 };
    assert.deepEqual(await limits.look(none, 'a'), refused);
    assert.deepEqual(await limits.take(none, 'a'), refused);
  });
}
