import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { testUrl } from '../mongodb/address.ts';
import { startProxy } from '../mongodb/proxy.ts';
import { type Answer, call, create, read, remove, signIn, signUp } from './calls.ts';
import { mongodb, openCutGround } from './cut-ground.ts';
import { eventually } from './eventually.ts';
import { openServiceGround } from './ground.ts';
import { beginStart } from './outage-start.ts';

/** Seconds that a step of a call may take, and more for a busy machine than it has ever taken. */
const longest = (steps: number) => steps * 5 + 3;

/** How the server can be away, by what the proxy does then. */
const absences = { refuse: 'refuses connections', hold: 'takes connections and is silent' } as const;

async function ready(url: string): Promise<number> {
  return (await call(url, ['GET', '/health/ready'])).status;
}

function changePassword(url: string, name: string, token: string): Promise<Answer> {
  const { password } = signUp(name);
  return call(url, ['PUT', '/org/update'], { body: { organization_name: name, password }, token });
}

function login(url: string, name: string): Promise<Answer> {
  const { email, password } = signUp(name);
  return call(url, ['POST', '/admin/login'], { body: { email, password } });
}

async function timed(answer: Promise<Answer>): Promise<Answer & { readonly seconds: number }> {
  const begun = performance.now();
  return { ...(await answer), seconds: (performance.now() - begun) / 1_000 };
}

suite('a server that goes away', { skip: mongodb.skip, timeout: 240_000, concurrency: 4 }, () => {
  for (const absence of ['refuse', 'hold'] as const) {
    test(`and ${absences[absence]} is 503 with Retry-After for every call in time, and all comes back by itself`, async () => {
      await using cut = await openCutGround();
      const { proxy, service } = cut;
      const { url } = service;
      await Promise.all(['acme', 'globex'].map((name) => create(url, name)));
      const [acme, globex] = [await signIn(url, 'acme'), await signIn(url, 'globex')];
      const calls = [
        () => read(url, 'acme'),
        () => login(url, 'acme'),
        () => create(url, 'initech'),
        () => changePassword(url, 'acme', acme),
        () => remove(url, 'globex', globex),
      ];
      assert.equal(await ready(url), 200);
      proxy[absence]();
      const answers = calls.map((act) => timed(act()));
      const refused = await timed(call(url, ['GET', '/health/ready']));
      assert.equal(refused.status, 503);
      assert.ok(refused.seconds < longest(1), `${refused.seconds} s`);
      assert.equal((await call(url, ['GET', '/health/live'])).status, 200);
      for (const { status, headers, seconds } of await Promise.all(answers)) {
        assert.equal(status, 503);
        assert.match(headers.get('retry-after') ?? '', /^[1-9]\d*$/);
        // None comes further than its first step: the read, the account, the look before the hash, the check of the token.
        assert.ok(seconds < longest(1), `${seconds} s`);
      }
      assert.equal((await call(url, ['GET', '/health/live'])).status, 200);
      proxy.mend();
      await eventually(async () => assert.equal(await ready(url), 200));
      const statuses: number[] = [];
      for (const act of calls) statuses.push((await act()).status);
      assert.deepEqual(statuses, [200, 200, 201, 200, 200]);
    });

    test(`and ${absences[absence]} does not hold up the end of the service`, async () => {
      await using cut = await openCutGround({ SHUTDOWN_SECONDS: '8' });
      const { proxy, service } = cut;
      assert.equal((await create(service.url, 'acme')).status, 201);
      proxy[absence]();
      const reading = read(service.url, 'acme');
      assert.equal(await ready(service.url), 503);
      const begun = performance.now();
      const { code, out } = await service.stop();
      const seconds = (performance.now() - begun) / 1_000;
      assert.equal(code, 0);
      assert.equal((await reading).status, 503);
      assert.ok(seconds < 8 + 3, `${seconds} s`);
      assert.ok(!out.includes('not all was finished in time'), out);
    });
  }

  test('and comes back while a call is under way is in time for it', async () => {
    await using cut = await openCutGround();
    const { proxy, service } = cut;
    assert.equal((await create(service.url, 'acme')).status, 201);
    const asked = proxy.arrival('aggregate');
    proxy.hold();
    const reading = read(service.url, 'acme');
    await asked;
    proxy.release();
    assert.equal((await reading).status, 200);
  });
});

suite('a server that does not answer yet', { skip: mongodb.skip, timeout: 120_000, concurrency: 2 }, () => {
  for (const absence of ['refuse', 'hold'] as const) {
    test(`because it ${absences[absence]} is waited for: the service comes up when it does`, async () => {
      await using proxy = await startProxy(testUrl() ?? '');
      await using ground = await openServiceGround(mongodb);
      proxy[absence]();
      const settings = { ...ground.settings, DATABASE_URL: proxy.url(), START_SECONDS: '90' };
      await using starting = beginStart(ground.directory, settings);
      await starting.waits;
      proxy.mend();
      const url = await starting.listens;
      assert.equal(await ready(url), 200);
      assert.equal((await create(url, 'acme')).status, 201);
    });

    test(`because it ${absences[absence]} does not keep a signal from ending the start at once, with 143`, async () => {
      await using proxy = await startProxy(testUrl() ?? '');
      await using ground = await openServiceGround(mongodb);
      proxy[absence]();
      const settings = { ...ground.settings, DATABASE_URL: proxy.url(), START_SECONDS: '90' };
      await using starting = beginStart(ground.directory, settings);
      await starting.waits;
      const begun = performance.now();
      starting.process.kill('SIGTERM');
      assert.equal(await starting.ended, 143);
      const seconds = (performance.now() - begun) / 1_000;
      assert.ok(seconds < 3, `${seconds} s`);
    });
  }
});
