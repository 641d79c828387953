import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { engines } from '../../test/engines.ts';
import { intercept, unavailable } from '../../test/intercept.ts';
import { byTest, openTenancy, type TestTenancy } from '../../test/tenancy.ts';
import type { Records } from '../store/records.ts';
import { events } from './event.ts';
import { createLateEvents, type LateEvent } from './late.ts';

const acme = 'org_acme';

function event(request: string, at: Date, organization = acme): LateEvent {
  return { by: { ...byTest, request_id: request }, organization, happening: { type: 'user.signed_in' }, at };
}

/** The requests of an organization's events, in their order. */
async function told({ tenancy }: TestTenancy, organization = acme): Promise<(string | null)[]> {
  const found = await tenancy.records.list(events, 'organization_id', { prefix: organization, limit: 1_000 });
  return found.map(({ request_id }) => request_id);
}

/** Records of which no commit for Acme is done, or none is answered, until it is mended. */
function failing({ tenancy }: TestTenancy, how: 'before' | 'after'): { records: Records; mend(): void } {
  let isMended = false;
  const records = intercept(tenancy.records, 'commit', async (forward, [change]) => {
    const fails = !isMended && change?.op === 'append' && change.entry.organization_id === acme;
    if (fails && how === 'before') throw unavailable();
    const outcome = await forward();
    if (fails) throw unavailable();
    return outcome;
  });
  return {
    records,
    mend() {
      isMended = true;
    },
  };
}

for (const engine of engines) {
  describe(`late events on the ${engine.name} engine`, { timeout: 60_000 }, () => {
    test('one that can be written is there when it was told', async () => {
      await using opened = await openTenancy({ engine });
      const late = createLateEvents({ records: opened.tenancy.records, log: opened.tenancy.log });
      await late.tellSoon(event('first', new Date()));
      assert.deepEqual(await told(opened), ['first']);
    });

    test('those that cannot be written hold up nobody, and are written later, in their order', async () => {
      await using opened = await openTenancy({ engine });
      const { records, mend } = failing(opened, 'before');
      const late = createLateEvents({ records, log: opened.tenancy.log });
      for (const request of ['first', 'second']) await late.tellSoon(event(request, new Date()));
      late.tell(event('third', new Date()));
      await late.tellSoon(event('other', new Date(), 'org_globex'));
      assert.deepEqual(await told(opened, 'org_globex'), ['other']);
      await late.flush();
      assert.deepEqual(await told(opened), []);
      mend();
      await late.flush();
      assert.deepEqual(await told(opened), ['first', 'second', 'third']);
      await late.stop();
      assert.deepEqual(
        opened.logged.filter(({ level }) => level === 'warn'),
        [],
      );
    });

    test('one that was written though its writer was told otherwise is not written again', async () => {
      await using opened = await openTenancy({ engine });
      const { records, mend } = failing(opened, 'after');
      const late = createLateEvents({ records, log: opened.tenancy.log });
      await late.tellSoon(event('first', new Date()));
      mend();
      await late.tellSoon(event('second', new Date()));
      await late.flush();
      assert.deepEqual(await told(opened), ['first', 'second']);
    });

    test('one that another request of its id was told by is written all the same', async () => {
      await using opened = await openTenancy({ engine });
      const { records, mend } = failing(opened, 'before');
      const [here, there] = [records, opened.tenancy.records].map((each) =>
        createLateEvents({ records: each, log: opened.tenancy.log }),
      );
      const at = new Date();
      const [first, second] = ['192.0.2.1', '192.0.2.2'].map((address) => {
        const told = event('same', at);
        return { ...told, by: { ...told.by, address } };
      });
      assert.ok(here && there && first && second);
      await here.tellSoon(first);
      await there.tellSoon(second);
      mend();
      await here.flush();
      assert.deepEqual(await told(opened), ['same', 'same']);
    });

    test('what cannot be written until the end, and what is over 1,000, is lost, and counted in the log', async () => {
      await using opened = await openTenancy({ engine });
      const { records } = failing(opened, 'before');
      const late = createLateEvents({ records, log: opened.tenancy.log });
      for (let number = 0; number < 1_002; number += 1) late.tell(event(`request ${number}`, new Date()));
      await late.stop();
      const lost = opened.logged.flatMap(({ fields }) => ('count' in fields ? [fields.count] : []));
      assert.deepEqual(lost, [2, 1_000]);
      assert.deepEqual(await told(opened), []);
    });
  });
}
