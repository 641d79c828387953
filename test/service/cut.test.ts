import assert from 'node:assert/strict';
import { after, before, suite, test } from 'node:test';
import { isLive } from '../../src/organizations/organization.ts';
import type { CommandName } from '../mongodb/proxy.ts';
import { type Answer, call, create, read, remove, shown, signIn, signUp } from './calls.ts';
import { type CutGround, mongodb, openCutGround } from './cut-ground.ts';
import { eventually } from './eventually.ts';

/** A command that carries a part of a call, and the collection that it is about where it is about one. */
type Carrier = readonly [CommandName, string?];

const carriers = {
  create: [
    ['insert', 'organizations'],
    ['insert', 'users'],
    ['commitTransaction'],
    ['create'],
    ['update', 'organizations'],
  ],
  update: [['update', 'organizations'], ['update', 'users'], ['commitTransaction']],
  delete: [
    ['update', 'organizations'],
    ['delete', 'users'],
    ['commitTransaction'],
    ['drop'],
    ['delete', 'organizations'],
  ],
} satisfies Record<string, readonly Carrier[]>;

const sides = { cutBefore: 'does not reach the server', cutAfter: 'is answered in vain' } as const;

/** Each carrier with each side of it: what is to be cut, and how a test's name tells it. */
function cutsOf(call: keyof typeof carriers) {
  const carrying: readonly Carrier[] = carriers[call];
  return carrying.flatMap(([command, collection]) =>
    (['cutBefore', 'cutAfter'] as const).map((side) => ({
      command,
      side,
      options: collection === undefined ? {} : { collection },
      told: `${command}${collection === undefined ? '' : ` of ${collection}`} ${sides[side]}`,
      // No longer than a name may be.
      name: [call, command, collection ?? '', side].join(' ').replace('  ', ' '),
    })),
  );
}

function rename(url: string, name: string, token: string): Promise<Answer> {
  const { email, password } = changed(name);
  const body = { organization_name: name, new_organization_name: `new ${name}`, email, password };
  return call(url, ['PUT', '/org/update'], { body, token });
}

function changed(name: string) {
  return { email: `new.${signUp(name).email}`, password: `new ${signUp(name).password}` };
}

async function statusOfSignIn(url: string, { email, password }: { email: string; password: string }): Promise<number> {
  return (await call(url, ['POST', '/admin/login'], { body: { email, password } })).status;
}

/** What is stored of an organization and its admin, found by all the names and emails that this test gives. */
async function stored({ ground }: CutGround, name: string) {
  const { organizations, users, collections } = await ground.inspect();
  const emails = [signUp(name).email, changed(name).email];
  return {
    organizations: organizations.filter((one) => [name, `new ${name}`].includes(one.name)),
    users: users.filter(({ email }) => emails.includes(email)),
    collections,
  };
}

async function storedRecords(ground: CutGround, name: string) {
  const { organizations, users } = await stored(ground, name);
  return { organizations, users };
}

suite('a call whose connection to the server is cut', { skip: mongodb.skip, timeout: 240_000 }, () => {
  let ground: CutGround;
  before(async () => {
    ground = await openCutGround();
  });
  after(() => ground[Symbol.asyncDispose]());

  for (const { command, side, options, told, name } of cutsOf('create')) {
    test(`a create whose ${told} is 201, and there once`, async () => {
      const { proxy, service } = ground;
      proxy[side](command, options);
      const made = await create(service.url, name);
      assert.equal(made.status, 201, JSON.stringify(made.body));
      const { organizations, users, collections } = await stored(ground, name);
      assert.deepEqual(
        organizations.map(({ id, collection_name, admin_user_id }) => ({ id, collection_name, admin_user_id })),
        [{ id: organizations[0]?.id, collection_name: shown(made).collection_name, admin_user_id: users[0]?.id }],
      );
      assert.equal(users.length, 1);
      const isMade = command !== 'create' || side === 'cutAfter';
      assert.equal(collections.includes(shown(made).collection_name), isMade);
      // Where nobody knows whether the collection was made, the sweep makes sure of it.
      assert.equal(organizations[0]?.status, command === 'create' ? 'creating' : 'active');
      assert.equal((await read(service.url, name)).status, 200);
      await signIn(service.url, name);
    });
  }

  for (const { command, side, options, told, name } of cutsOf('update')) {
    test(`an update whose ${told} is 200, and done once`, async () => {
      const { proxy, service } = ground;
      assert.equal((await create(service.url, name)).status, 201);
      const token = await signIn(service.url, name);
      const former = await stored(ground, name);
      proxy[side](command, options);
      const answer = await rename(service.url, name, token);
      assert.equal(answer.status, 200, JSON.stringify(answer.body));
      const { organizations, users } = await stored(ground, name);
      const expected = [former.organizations[0], former.users[0]].map((one) => [one?.id, (one?.version ?? 0) + 1]);
      assert.deepEqual(
        [...organizations, ...users].map(({ id, version }) => [id, version]),
        expected,
      );
      assert.equal(organizations[0]?.name, `new ${name}`);
      assert.equal(users[0]?.generation, 2, 'the password was set once');
      assert.equal((await read(service.url, name)).status, 404);
      assert.equal(await statusOfSignIn(service.url, signUp(name)), 401);
      assert.equal(await statusOfSignIn(service.url, changed(name)), 200);
    });
  }

  for (const { command, side, options, told, name } of cutsOf('delete')) {
    test(`a delete whose ${told} is 200, and a new organization of its name sees nothing of it`, async () => {
      const { proxy, service } = ground;
      const former = shown(await create(service.url, name)).collection_name;
      const token = await signIn(service.url, name);
      proxy[side](command, options);
      const answer = await remove(service.url, name, token);
      assert.equal(answer.status, 200, JSON.stringify(answer.body));
      const { organizations, users, collections } = await stored(ground, name);
      assert.deepEqual(users, []);
      assert.deepEqual(organizations.filter(isLive), []);
      const isDropped = command !== 'drop' || side === 'cutAfter';
      assert.equal(collections.includes(former), !isDropped);
      // A drop that may be under way yet keeps the name of the collection from everybody else.
      assert.deepEqual(
        organizations.map(({ collection_name }) => collection_name),
        command === 'drop' ? [former] : [],
      );
      assert.equal((await read(service.url, name)).status, 404);
      assert.equal(await statusOfSignIn(service.url, signUp(name)), 401);
      const again = await create(service.url, name);
      assert.equal(again.status, 201);
      assert.equal(shown(again).collection_name === former, command !== 'drop');
    });
  }

  test('reads that are cut are made again', async () => {
    const { proxy, service } = ground;
    await create(service.url, 'reads');
    for (const side of ['cutBefore', 'cutAfter'] as const) {
      proxy[side]('aggregate');
      proxy[side]('find', { collection: 'organizations' });
      assert.equal((await read(service.url, 'reads')).status, 200);
      proxy[side]('find', { collection: 'users' });
      await signIn(service.url, 'reads');
    }
    proxy.mend();
  });

  test('where every answer to a commit is lost, what was done is found out', async () => {
    const { proxy, service } = ground;
    await Promise.all(['answers 1', 'answers 2'].map((name) => create(service.url, name)));
    const [one, two] = [await signIn(service.url, 'answers 1'), await signIn(service.url, 'answers 2')];
    proxy.cutAfter('commitTransaction', { always: true });
    const answers = [
      await create(service.url, 'answers 3'),
      await rename(service.url, 'answers 1', one),
      await remove(service.url, 'answers 2', two),
    ];
    proxy.mend();
    assert.deepEqual(
      answers.map(({ status }) => status),
      [201, 200, 200],
    );
  });

  test('a commit that reaches the server at the fourth time, within its limit, is done', async () => {
    const { proxy, service } = ground;
    for (let time = 0; time < 3; time += 1) proxy.cutBefore('commitTransaction');
    const { status } = await create(service.url, 'the fourth time');
    proxy.mend();
    assert.equal(status, 201);
  });

  test('where nothing is written all are 503 with Retry-After, nothing is done, and later all of it', async () => {
    const { proxy, service } = ground;
    await Promise.all(['writes 1', 'writes 2'].map((name) => create(service.url, name)));
    const [one, two] = [await signIn(service.url, 'writes 1'), await signIn(service.url, 'writes 2')];
    const calls = [
      () => create(service.url, 'writes 3'),
      () => rename(service.url, 'writes 1', one),
      () => remove(service.url, 'writes 2', two),
    ];
    const standing = async () => {
      const [renamed, deleted] = [await storedRecords(ground, 'writes 1'), await storedRecords(ground, 'writes 2')];
      return [renamed, deleted, await storedRecords(ground, 'writes 3')] as const;
    };
    const former = await standing();
    proxy.cutBefore('insert', { always: true, collection: 'users' });
    proxy.cutBefore('update', { always: true });
    for (const { status, headers } of await Promise.all(calls.map((act) => act()))) {
      assert.equal(status, 503);
      assert.match(headers.get('retry-after') ?? '', /^[1-9]\d*$/);
    }
    assert.deepEqual(await standing(), former);
    proxy.mend();
    // No attempt is begun after its caller was answered, so that nothing of it comes about now.
    assert.deepEqual(
      (await Promise.all(calls.map((act) => act()))).map(({ status }) => status),
      [201, 200, 200],
    );
    const [renamed, deleted, created] = await standing();
    assert.deepEqual(
      renamed.organizations.map(({ name }) => name),
      ['new writes 1'],
    );
    assert.deepEqual([deleted.organizations.filter(isLive), deleted.users], [[], []]);
    assert.deepEqual([created.organizations.length, created.users.length], [1, 1]);
  });

  test('a create of which nobody can tell in time is 503 with Retry-After, and there whole', async () => {
    const { proxy, service } = ground;
    const name = 'nobody can tell';
    const committing = proxy.arrival('commitTransaction');
    proxy.cutAfter('commitTransaction', { always: true });
    const creating = create(service.url, name);
    await committing;
    proxy.cutBefore('find', { always: true, collection: 'organizations' });
    const { status, headers } = await creating;
    proxy.mend();
    assert.equal(status, 503);
    assert.match(headers.get('retry-after') ?? '', /^[1-9]\d*$/);
    const { organizations, users } = await stored(ground, name);
    assert.deepEqual(
      organizations.map(({ admin_user_id }) => admin_user_id),
      users.map(({ id }) => id),
    );
    assert.equal(users.length, 1);
    assert.equal((await create(service.url, name)).status, 400);
    await signIn(service.url, name);
  });

  test('what a cut left unfinished another instance finishes', async () => {
    await using own = await openCutGround();
    const { proxy, service, ground: behind } = own;
    await create(service.url, 'to be deleted');
    const token = await signIn(service.url, 'to be deleted');
    proxy.cutBefore('create');
    proxy.cutBefore('drop');
    assert.equal((await create(service.url, 'to be made')).status, 201);
    assert.equal((await remove(service.url, 'to be deleted', token)).status, 200);
    assert.deepEqual((await behind.inspect()).collections, ['org_to_be_deleted']);
    await behind.passTime(60_000);
    await behind.start();
    await eventually(async () => {
      const { organizations, collections } = await behind.inspect();
      const statuses = organizations.map(({ status }) => status).sort();
      assert.equal(`${statuses}: ${collections}`, 'active,deleted: org_to_be_made');
    });
  });
});
