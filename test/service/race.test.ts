import assert from 'node:assert/strict';
import { after, before, suite, test } from 'node:test';
import { type Answer, call, create, read, remove, shown, signIn, signUp } from './calls.ts';
import { openServiceGround, type ServiceEngine, type ServiceGround, serviceEngines, shareOf } from './ground.ts';

/** Spellings of one name: case and white space. */
function spellingsOf(word: string): readonly string[] {
  return [
    `${word} Corp`,
    `${word.toLowerCase()} corp`,
    `${word.toUpperCase()}  CORP`,
    ` ${word}\u00a0Corp `,
    `${word} cORP\u2003`,
    // The first letter of full width: the same under NFKC.
    `${String.fromCodePoint((word.codePointAt(0) ?? 0) + 0xfee0)}${word.slice(1)} Corp`,
  ];
}

/** The number of each status, for people and for `assert.equal`. */
function tally(answers: readonly Answer[]): string {
  return [...Map.groupBy(answers, ({ status }) => status)]
    .map(([status, all]) => `${status}: ${all.length}`)
    .sort()
    .join(', ');
}

/** Does so many at once. */
function atOnce<T>(count: number, act: (number: number) => Promise<T>): Promise<T[]> {
  return Promise.all(Array.from({ length: count }, (_, number) => act(number)));
}

/** What a race runs on. Its organizations bear names of its own: the processes serve all races of a suite in turn. */
interface Track {
  readonly engine: ServiceEngine;
  readonly ground: ServiceGround;
  /** The addresses of the processes in turn. */
  url(turn: number): string;
}

async function raceForName({ engine, ground, url }: Track): Promise<void> {
  const earlier = await ground.inspect();
  // Those who fight for one key of an index take turns, each within the time of its command.
  const racers = engine.share === 1 ? 1_000 : 100;
  const spellings = spellingsOf('Acme');
  const answers = await atOnce(racers, (number) =>
    call(url(number), ['POST', '/org/create'], {
      body: {
        ...signUp(`racer ${number}`),
        organization_name: spellings[Math.floor(number / engine.instances) % spellings.length],
      },
    }),
  );
  assert.equal(tally(answers), `201: 1, 400: ${racers - 1}`);
  await assertGrownByOne(ground, earlier);
}

async function raceForEmail({ engine, ground, url }: Track): Promise<void> {
  const earlier = await ground.inspect();
  const racers = shareOf(engine, 100);
  const answers = await atOnce(racers, (number) =>
    call(url(number), ['POST', '/org/create'], {
      body: { ...signUp(`emailed ${number}`), email: number % 4 < 2 ? 'one@example.com' : 'ONE@Example.com' },
    }),
  );
  assert.equal(tally(answers), `201: 1, 400: ${racers - 1}`);
  await assertGrownByOne(ground, earlier);
}

/** The losers left nothing: there is one organization more, with its user and its collection. */
async function assertGrownByOne(
  ground: ServiceGround,
  earlier: Awaited<ReturnType<ServiceGround['inspect']>>,
): Promise<void> {
  const { organizations, users, collections } = await ground.inspect();
  const known = new Set(earlier.organizations.map(({ id }) => id));
  const [winner, ...others] = organizations.filter(({ id }) => !known.has(id));
  assert.deepEqual(others, []);
  assert.equal(winner?.status, 'active');
  const added = users.filter(({ id }) => !earlier.users.some((user) => user.id === id));
  assert.deepEqual(
    added.map(({ id }) => id),
    [winner.admin_user_id],
  );
  assert.deepEqual(collections, [...earlier.collections, winner.collection_name].sort());
}

async function raceToRename({ engine, url }: Track): Promise<void> {
  const racers = shareOf(engine, 50);
  const spellings = spellingsOf('Wanted');
  const tokens = await atOnce(racers, async (number) => {
    await create(url(number), `renamed ${number}`);
    return signIn(url(number), `renamed ${number}`);
  });
  const answers = await atOnce(racers, (number) =>
    call(url(number), ['PUT', '/org/update'], {
      body: {
        organization_name: `renamed ${number}`,
        new_organization_name: spellings[Math.floor(number / engine.instances) % spellings.length],
      },
      token: tokens[number] ?? '',
    }),
  );
  assert.equal(tally(answers), `200: 1, 400: ${racers - 1}`);
  const winner = answers.findIndex(({ status }) => status === 200);
  const answer = await read(url(0), 'wanted corp');
  assert.equal(shown(answer).admin_email, signUp(`renamed ${winner}`).email);
}

async function raceToDelete({ ground, url }: Track): Promise<void> {
  const earlier = await ground.inspect();
  await create(url(0), 'doomed');
  const token = await signIn(url(0), 'doomed');
  const answers = await atOnce(50, (number) => remove(url(number), 'doomed', token));
  assert.equal(answers.filter(({ status }) => status === 200).length, 1, tally(answers));
  assert.ok(
    answers.every(({ status }) => [200, 401, 404].includes(status)),
    tally(answers),
  );
  assert.deepEqual(await ground.inspect(), earlier);
}

/** Each name is deleted once, while others want it. */
async function raceForFreedName({ engine, ground, url }: Track): Promise<void> {
  const names = Array.from({ length: shareOf(engine, 40) }, (_, number) => `freed ${number}`);
  await Promise.all(
    names.map(async (name, number) => {
      await create(url(number), name);
      const token = await signIn(url(number), name);
      const [deleted, ...created] = await Promise.all([
        remove(url(number), name, token),
        ...['first', 'second', 'third'].map((other, turn) =>
          call(url(number + turn), ['POST', '/org/create'], {
            body: { ...signUp(name), email: `${other}.${number}@example.com` },
          }),
        ),
      ]);
      assert.equal(deleted.status, 200);
      const made = created.filter(({ status }) => status === 201);
      assert.ok(made.length <= 1 && created.every(({ status }) => [201, 400].includes(status)), tally(created));
      const standing = await read(url(number + 1), name);
      const [winner] = made;
      if (winner === undefined) assert.equal(standing.status, 404);
      else assert.deepEqual(shown(standing), shown(winner));
    }),
  );
  await assertAllWhole(ground);
}

/** Of a deletion and an update at once each is done before the other, or told why it is not. */
async function raceAgainstDeletion({ engine, ground, url }: Track): Promise<void> {
  await atOnce(shareOf(engine, 40), async (number) => {
    const name = `contended ${number}`;
    const renamed = `evaded ${number}`;
    await create(url(number), name);
    const token = await signIn(url(number), name);
    const password = 'another password';
    const [deleted, updated] = await Promise.all([
      remove(url(number), name, token),
      call(url(number + 1), ['PUT', '/org/update'], {
        body: { organization_name: name, new_organization_name: renamed, password },
        token,
      }),
    ]);
    const outcome = `deletion ${deleted.status}, update ${updated.status}`;
    const { email } = signUp(name);
    const signedIn = await call(url(number), ['POST', '/admin/login'], { body: { email, password } });
    assert.equal((await read(url(number), name)).status, 404, outcome);
    if (deleted.status === 200) {
      // The token may die, or the name be gone, before the update has looked or while it hashes.
      assert.ok([401, 404].includes(updated.status), outcome);
      assert.equal((await read(url(number + 1), renamed)).status, 404, outcome);
      assert.equal(signedIn.status, 401, outcome);
    } else {
      assert.ok([401, 404].includes(deleted.status) && updated.status === 200, outcome);
      assert.equal((await read(url(number + 1), renamed)).status, 200, outcome);
      assert.equal(signedIn.status, 200, outcome);
    }
  });
  await assertAllWhole(ground);
}

/** Each organization has its admin and its collection, and nothing is left of one that is gone. */
async function assertAllWhole(ground: ServiceGround): Promise<void> {
  const { organizations, users, collections } = await ground.inspect();
  assert.deepEqual([...new Set(organizations.map(({ status }) => status))], ['active']);
  assert.deepEqual(users.map(({ id }) => id).sort(), organizations.map(({ admin_user_id }) => admin_user_id).sort());
  assert.deepEqual(collections, organizations.map(({ collection_name }) => collection_name).sort());
}

for (const engine of serviceEngines) {
  for (const processes of engine.instances === 1 ? [1] : [2, engine.instances]) {
    suite(`races over ${processes} of ${engine.name}`, { skip: engine.skip, timeout: 180_000 }, () => {
      const resources = new AsyncDisposableStack();
      let track: Track;
      before(async () => {
        const ground = resources.use(await openServiceGround(engine));
        // All of a race are in work at once, and wait for their hashes as long as the machine has else to do.
        const started = await ground.startAll(processes, { HASH_WAIT_SECONDS: '60', REQUESTS: '1000' });
        const urls = started.map(({ url }) => url);
        track = { engine, ground, url: (turn) => urls[turn % urls.length] ?? assert.fail('no process runs') };
      });
      after(() => resources.disposeAsync());

      test('of many creates of one name at once one wins, and the losers leave nothing', () => raceForName(track));
      test('of many creates with one email at once one wins, and the losers leave nothing', () => raceForEmail(track));
      test('of many admins that rename to one name at once one wins', () => raceToRename(track));
      test('a deletion that is asked for 50 times at once is done once, and others are told', () =>
        raceToDelete(track));
      test('of creates of a name that is being deleted one wins at most, and it is spared', () =>
        raceForFreedName(track));
      test('of a deletion and an update at once one is done, and the other is told', () => raceAgainstDeletion(track));
    });
  }
}
