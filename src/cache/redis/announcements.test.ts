import assert from 'node:assert/strict';
import { once } from 'node:events';
import { suite, test } from 'node:test';
import { missingRedis } from '../../../test/redis/address.ts';
import { newInstallation, openTestSharing, plainRedis, type TestSharing } from '../../../test/redis/ground.ts';
import { startRedis } from '../../../test/redis/server.ts';
import { soon } from '../../../test/soon.ts';

const ada = [{ kind: 'users', id: 'usr_ada' }];

/** What a process hears, and the next of it. */
function hearingOf({ announcements }: TestSharing) {
  const heard: unknown[] = [];
  const events = new EventTarget();
  announcements.listen((written) => {
    heard.push(written);
    events.dispatchEvent(new Event('heard'));
  });
  return { heard, next: () => soon(once(events, 'heard'), 'what another tells to be heard') };
}

suite('what instances tell each other', { skip: missingRedis, timeout: 60_000 }, () => {
  test('is heard by every other of the installation, and by nobody else', async () => {
    const installation = newInstallation();
    await using one = await openTestSharing({ installation });
    await using two = await openTestSharing({ installation });
    await using stranger = await openTestSharing();
    const [atOne, atTwo, atStranger] = [one, two, stranger].map(hearingOf);
    assert.ok(atOne && atTwo && atStranger);
    assert.deepEqual([one.announcements.isHeard(), two.announcements.isHeard()], [true, true]);
    const next = atTwo.next();
    one.announcements.tell(ada);
    await next;
    assert.deepEqual(atTwo.heard, [ada]);
    const back = atOne.next();
    two.announcements.tell(ada);
    await back;
    assert.deepEqual([atOne.heard, atTwo.heard, atStranger.heard], [[ada], [ada], []]);
  });

  test('and cannot be read counts as though something had been missed', async () => {
    const installation = newInstallation();
    await using sharing = await openTestSharing({ installation });
    await using plain = plainRedis();
    const { heard, next } = hearingOf(sharing);
    for (const text of ['', '{}', '[1,2]', '["other"]', '["other",[null]]']) {
      const heardNext = next();
      await plain.client.publish(`tenantry:1:{${installation}}:written`, text);
      await heardNext;
    }
    assert.deepEqual(new Set(heard), new Set([undefined]));
  });

  test('a connection that ends is told as something missed, and hears again when it is back', async () => {
    await using server = await startRedis();
    const shared = { url: server.url, installation: newInstallation() };
    await using one = await openTestSharing(shared);
    await using two = await openTestSharing(shared);
    const { heard, next } = hearingOf(two);
    const missed = next();
    await server.kill();
    await missed;
    assert.deepEqual([heard[0], two.announcements.isHeard()], [undefined, false]);
    await server.restart();
    // Both have to be there before anything is heard.
    const told = setInterval(() => one.announcements.tell(ada), 50);
    try {
      while (heard.at(-1) === undefined) await next();
    } finally {
      clearInterval(told);
    }
    assert.deepEqual([heard.at(-1), two.announcements.isHeard()], [ada, true]);
  });
});
