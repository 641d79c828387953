import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { engines } from '../../test/engines.ts';
import { intercept, unavailable } from '../../test/intercept.ts';
import { openTenancy } from '../../test/tenancy.ts';
import { TenantryError } from '../errors.ts';
import type { Tenancy } from '../organizations/tenancy.ts';
import { forgetExpired } from './forget-expired.ts';
import { idempotencyKeys } from './idempotency-key.ts';
import { once } from './once.ts';
import { refuseKept } from './refuse-kept.ts';

const day = 24 * 60 * 60_000;
const call = { scope: 'a', key: 'k', request: 'r' };

/** Does something that commits nothing but what is kept, and counts how often it is done. */
function counting({ records }: Tenancy) {
  let effects = 0;
  return async (keep: Parameters<Parameters<typeof once<number>>[2]>[0]): Promise<number> => {
    const outcome = await records.commit(keep(effects + 1));
    refuseKept(outcome);
    effects += 1;
    return effects;
  };
}

for (const engine of engines) {
  describe(`calls with a key on the ${engine.name} engine`, () => {
    test('each scope and key is another one, wherever one ends and the other begins', async () => {
      await using opened = await openTenancy({ engine });
      const { tenancy } = opened;
      const act = counting(tenancy);
      const calls = [call, { ...call, scope: 'ak', key: '' }, { ...call, scope: '', key: 'ak' }, { ...call, key: 'K' }];
      for (const [place, each] of calls.entries()) assert.equal(await once(tenancy, each, act), place + 1);
      for (const [place, each] of calls.entries()) assert.equal(await once(tenancy, each, act), place + 1);
    });

    test('without a key each call has its effect', async () => {
      await using opened = await openTenancy({ engine });
      const act = counting(opened.tenancy);
      const keyless = { ...call, key: undefined };
      assert.deepEqual([await once(opened.tenancy, keyless, act), await once(opened.tenancy, keyless, act)], [1, 2]);
    });

    test('a call whose commit was done and whose answer was lost is answered when it is made again', async () => {
      await using opened = await openTenancy({ engine });
      const { tenancy } = opened;
      const records = intercept(tenancy.records, 'commit', async (forward) => {
        await forward();
        throw unavailable();
      });
      const act = counting({ ...tenancy, records });
      // It can tell at once: what failed has been done.
      assert.equal(await once(tenancy, call, act), 1);
      assert.equal(await once(tenancy, call, () => assert.fail('done again')), 1);
    });

    test('an expired key that is removed, or used by another, before the commit is no hindrance', async () => {
      await using opened = await openTenancy({ engine });
      const { tenancy, clock } = opened;
      assert.equal(await once(tenancy, call, counting(tenancy)), 1);
      clock.pass(day);
      let meanwhile: () => Promise<unknown> = () => forgetExpired(tenancy, new AbortController().signal);
      const records = intercept(tenancy.records, 'commit', async (forward) => {
        const first = meanwhile;
        meanwhile = async () => {};
        await first();
        return forward();
      });
      const act = counting({ ...tenancy, records });
      assert.equal(await once(tenancy, call, act), 1);
      clock.pass(day);
      meanwhile = () =>
        once(tenancy, call, async (keep) => {
          await tenancy.records.commit(keep(7));
          return 7;
        });
      assert.equal(await once(tenancy, call, act), 7, 'the other was faster');
    });

    test('what fails is not remembered, and is told as it is', async () => {
      await using opened = await openTenancy({ engine });
      const { tenancy } = opened;
      const failure = new TenantryError('email_taken', 'taken');
      await assert.rejects(
        once(tenancy, call, () => Promise.reject(failure)),
        failure,
      );
      const fault = new RangeError('a fault of ours');
      await assert.rejects(
        once(tenancy, call, () => Promise.reject(fault)),
        fault,
      );
      assert.equal(await once(tenancy, call, counting(tenancy)), 1);
    });

    test('keys whose time is over are removed, all of them and no other', async () => {
      await using opened = await openTenancy({ engine });
      const { tenancy, clock } = opened;
      const act = counting(tenancy);
      const many = Array.from({ length: 120 }, (_, number) => ({ ...call, key: `k${number}` }));
      await Promise.all(many.map((each) => once(tenancy, each, act)));
      clock.pass(day / 2);
      await once(tenancy, { ...call, key: 'later' }, act);
      const left = async () => (await tenancy.records.list(idempotencyKeys, 'expires_at', { limit: 1_000 })).length;
      await forgetExpired(tenancy, new AbortController().signal);
      assert.equal(await left(), 121);
      clock.pass(day / 2);
      await Promise.all([1, 2].map(() => forgetExpired(tenancy, new AbortController().signal)));
      assert.equal(await left(), 1);
    });
  });
}
