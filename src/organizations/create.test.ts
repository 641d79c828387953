import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { shareOf } from '../../test/contract/engine.ts';
import { engines } from '../../test/engines.ts';
import { intercept, unavailable } from '../../test/intercept.ts';
import { byTest, openTenancy, signUp } from '../../test/tenancy.ts';
import { users } from '../identity/user.ts';
import { createOrganization } from './create.ts';
import { newOrganizationId, organizations } from './organization.ts';
import { readOrganization } from './read.ts';

const acme = { organization_name: '  Acme Corp ', email: 'Ada@Example.com', password: 'correct horse' };
const nameTaken = { code: 'organization_name_taken', message: 'Organization already exists' };
const emailTaken = { code: 'email_taken', message: 'Admin email already registered' };

for (const engine of engines) {
  describe(`creating organizations on the ${engine.name} engine`, () => {
    test('an organization is created with its admin and its collection', async () => {
      await using opened = await openTenancy({ engine });
      const view = await createOrganization(opened.tenancy, acme, byTest);
      assert.deepEqual(view, {
        organization_name: 'Acme Corp',
        collection_name: 'org_acme_corp',
        admin_email: 'Ada@Example.com',
        created_at: '2029-12-31T23:59:30.250Z',
      });
      assert.deepEqual(await opened.left(), { organizations: 1, users: 1, collections: ['org_acme_corp'] });
      const organization = await opened.tenancy.records.find(organizations, 'name_key', 'acme corp');
      assert.equal(organization?.status, 'active');
      assert.deepEqual(opened.reached, [
        'create.hashed',
        'create.committed',
        'create.collection-made',
        'create.active',
      ]);
    });

    test('the password is stored as a hash and nothing else of it', async () => {
      await using opened = await openTenancy({ engine });
      await createOrganization(opened.tenancy, acme, byTest);
      const user = await opened.tenancy.records.find(users, 'email_key', 'ada@example.com');
      assert.equal(user?.password.scheme, 'bcrypt');
      assert.ok(!JSON.stringify(user).includes(acme.password));
    });

    test('what was created is there after a restart', async () => {
      await using opened = await openTenancy({ engine });
      const view = await createOrganization(opened.tenancy, acme, byTest);
      await opened.restart();
      assert.deepEqual(await readOrganization(opened.tenancy, 'ACME corp'), view);
    });

    test('every value that breaks a rule is told, and nothing is stored', async () => {
      await using opened = await openTenancy({ engine });
      const broken = { organization_name: ' ab ', email: 'ada', password: '1234567' };
      await assert.rejects(
        createOrganization(opened.tenancy, broken, byTest),
        (error: { code: string; issues: { member: string }[] }) => {
          assert.equal(error.code, 'invalid_value');
          assert.deepEqual(
            error.issues.map(({ member }) => member),
            ['organization_name', 'email', 'password'],
          );
          return true;
        },
      );
      assert.deepEqual(opened.reached, []);
      assert.deepEqual(await opened.left(), { organizations: 0, users: 0, collections: [] });
    });

    test('a name is taken in every spelling, and told before the email, both before a hash', async () => {
      await using opened = await openTenancy({ engine });
      await createOrganization(opened.tenancy, acme, byTest);
      const again = { ...acme, organization_name: 'ACME\u3000 ｃorp' };
      await assert.rejects(createOrganization(opened.tenancy, again, byTest), nameTaken);
      await assert.rejects(
        createOrganization(opened.tenancy, { ...acme, organization_name: 'Other', email: 'aDA@example.COM' }, byTest),
        emailTaken,
      );
      assert.equal(opened.reached.filter((point) => point === 'create.hashed').length, 1);
      assert.deepEqual(await opened.left(), { organizations: 1, users: 1, collections: ['org_acme_corp'] });
    });

    test('of creates at once with one email one wins, and the others leave nothing', async () => {
      await using opened = await openTenancy({ engine });
      const names = Array.from({ length: 20 }, (_, number) => `Team ${number}`);
      const outcomes = await Promise.allSettled(
        names.map((organization_name) => createOrganization(opened.tenancy, { ...acme, organization_name }, byTest)),
      );
      const winners = outcomes.filter(({ status }) => status === 'fulfilled');
      const codes = outcomes.flatMap((outcome) => (outcome.status === 'rejected' ? [outcome.reason.code] : []));
      assert.equal(winners.length, 1);
      assert.deepEqual(new Set(codes), new Set(['email_taken']));
      const left = await opened.left();
      assert.deepEqual([left.organizations, left.users, left.collections.length], [1, 1, 1]);
    });

    test('of a name and an email that are taken while the password is hashed, the name is told, and no room is taken', async () => {
      await using opened = await openTenancy({ engine });
      const { tenancy } = opened;
      const passwords = intercept(tenancy.passwords, 'hash', async (forward) => {
        await createOrganization(tenancy, acme, byTest);
        return forward();
      });
      const places = intercept(tenancy.places, 'assign', () => Promise.reject(unavailable()));
      await assert.rejects(createOrganization({ ...tenancy, passwords, places }, acme, byTest), nameTaken);
      assert.deepEqual(await opened.left(), { organizations: 1, users: 1, collections: ['org_acme_corp'] });
    });

    test('the unique indexes decide where a look before them saw nothing', async () => {
      await using opened = await openTenancy({ engine });
      const { tenancy } = opened;
      await createOrganization(tenancy, acme, byTest);
      const blind = { ...tenancy, records: intercept(tenancy.records, 'find', async () => undefined) };
      await assert.rejects(createOrganization(blind, acme, byTest), nameTaken);
      await assert.rejects(createOrganization(blind, { ...acme, organization_name: 'Acme-Corp' }, byTest), emailTaken);
      assert.deepEqual(await opened.left(), { organizations: 1, users: 1, collections: ['org_acme_corp'] });
    });

    test('a crowd that creates one name at once, in variants of case and spacing, gets one organization', async () => {
      await using opened = await openTenancy({ engine });
      const variants = [
        'Acme Corp',
        'acme corp',
        'ACME CORP',
        ' Acme  Corp',
        'aCmE\tcOrP '.replace('\t', '\u00a0'),
        'ａｃｍｅ corp',
      ];
      const crowd = shareOf(engine, 1_000);
      const requests = Array.from({ length: crowd }, (_, number) => ({
        organization_name: variants[number % variants.length] ?? '',
        email: `admin-${number}@example.com`,
        password: 'correct horse',
      }));
      const outcomes = await Promise.allSettled(
        requests.map((request) => createOrganization(opened.tenancy, request, byTest)),
      );
      const codes = outcomes.flatMap((outcome) => (outcome.status === 'rejected' ? [outcome.reason.code] : []));
      assert.equal(codes.length, crowd - 1);
      assert.deepEqual(new Set(codes), new Set(['organization_name_taken']));
      const left = await opened.left();
      assert.deepEqual([left.organizations, left.users, left.collections.length], [1, 1, 1]);
      const winner = outcomes.find((outcome) => outcome.status === 'fulfilled');
      assert.deepEqual(await readOrganization(opened.tenancy, 'acme corp'), winner?.value);
      assert.deepEqual(left.collections, [winner?.value.collection_name]);
    });
  });

  describe(`naming collections on the ${engine.name} engine`, () => {
    test('names that would share a collection get one each', async () => {
      await using opened = await openTenancy({ engine });
      const names = ['Acme Corp', 'acme-corp', 'acme_corp', 'Acme.Corp'];
      const views = await Promise.all(
        names.map((name, number) => signUp(opened.tenancy, name, `a${number}@example.com`)),
      );
      const collections = views.map(({ view }) => view.collection_name);
      assert.equal(new Set(collections).size, names.length);
      assert.equal(collections.filter((name) => name === 'org_acme_corp').length, 1);
      for (const name of collections) assert.match(name, /^org_acme_corp(?:_[0-9a-hjkmnp-tv-z]{8})?$/);
      assert.deepEqual((await opened.left()).collections, collections.toSorted());
    });

    test('a name without a letter or a digit, or that is cut, has a suffix from the start', async () => {
      await using opened = await openTenancy({ engine });
      const { view: signs } = await signUp(opened.tenancy, '株式会社', 'a@example.com');
      assert.match(signs.collection_name, /^org______[0-9a-hjkmnp-tv-z]{8}$/);
      // One character of Arabic that is eighteen in NFKC.
      const { view: long } = await signUp(opened.tenancy, `a${'\ufdfa'.repeat(49)}`, 'b@example.com');
      assert.equal(long.collection_name.length, 100);
    });

    test("a stranger's collection is never taken over", async () => {
      await using opened = await openTenancy({ engine });
      const { documents, places } = opened.tenancy;
      const organization = newOrganizationId();
      const place = await places.assign({ organization });
      await documents.makeCollection({ ...place, organization, collection_name: 'org_acme_corp', epoch: 1 });
      const view = await createOrganization(opened.tenancy, acme, byTest);
      assert.match(view.collection_name, /^org_acme_corp_[0-9a-hjkmnp-tv-z]{8}$/);
      assert.deepEqual((await opened.left()).collections, ['org_acme_corp', view.collection_name]);
      assert.deepEqual(
        opened.logged.map(({ level, fields }) => ({ level, ...fields })),
        [{ level: 'warn', collection: 'org_acme_corp' }],
      );
    });

    test("a stranger's collection under the suffixed name is not taken over either", async () => {
      await using opened = await openTenancy({ engine });
      const { tenancy } = opened;
      const strangers = new Set<string>();
      const documents = intercept(tenancy.documents, 'hasCollection', async (forward, _place, collection) => {
        if (strangers.size < 2) strangers.add(collection);
        return strangers.has(collection) || forward();
      });
      const view = await createOrganization({ ...tenancy, documents }, acme, byTest);
      assert.equal(strangers.size, 2);
      assert.ok(!strangers.has(view.collection_name));
      assert.deepEqual((await opened.left()).collections, [view.collection_name]);
    });

    test('a collection name that another takes at the last moment is found out by the index', async () => {
      await using opened = await openTenancy({ engine });
      const { tenancy } = opened;
      await signUp(tenancy, 'acme-corp');
      let looks = 0;
      const records = intercept(tenancy.records, 'find', (forward, _kind, index) => {
        if (index === 'collection_name') looks += 1;
        return index === 'collection_name' && looks === 1 ? Promise.resolve(undefined) : forward();
      });
      const documents = intercept(tenancy.documents, 'hasCollection', async () => false);
      const view = await createOrganization({ ...tenancy, records, documents }, acme, byTest);
      assert.match(view.collection_name, /^org_acme_corp_/);
      assert.equal(looks, 3);
      assert.equal((await opened.left()).organizations, 2);
    });
  });

  describe(`faults while creating on the ${engine.name} engine`, () => {
    test('a commit that is refused leaves nothing, gives its room back, and is told', async () => {
      await using opened = await openTenancy({ engine });
      const { tenancy } = opened;
      let given = 0;
      const places = { ...tenancy.places, release: () => void given++ };
      const records = intercept(tenancy.records, 'commit', () => Promise.reject(unavailable()));
      await assert.rejects(createOrganization({ ...tenancy, records, places }, acme, byTest), {
        code: 'storage_unavailable',
      });
      assert.deepEqual(await opened.left(), { organizations: 0, users: 0, collections: [] });
      assert.equal(given, 1);
    });

    test('room is given back where the name of the collection cannot be looked for, and kept where all is well', async () => {
      await using opened = await openTenancy({ engine });
      const { tenancy } = opened;
      let given = 0;
      const places = { ...tenancy.places, release: () => void given++ };
      await createOrganization({ ...tenancy, places }, acme, byTest);
      assert.equal(given, 0);
      const documents = intercept(tenancy.documents, 'hasCollection', () => Promise.reject(unavailable()));
      const other = { ...acme, organization_name: 'Other', email: 'b@example.com' };
      await assert.rejects(createOrganization({ ...tenancy, places, documents }, other, byTest), {
        code: 'storage_unavailable',
      });
      assert.equal(given, 1);
    });

    test('once it is decided the answer is the success, whatever becomes of the collection', async () => {
      await using opened = await openTenancy({ engine });
      const { tenancy } = opened;
      const documents = intercept(tenancy.documents, 'makeCollection', () => Promise.reject(unavailable()));
      const view = await createOrganization({ ...tenancy, documents }, acme, byTest);
      assert.deepEqual(await readOrganization(tenancy, 'Acme Corp'), view);
      const organization = await tenancy.records.find(organizations, 'name_key', 'acme corp');
      assert.equal(organization?.status, 'creating');
    });

    test('a collection whose making never ends holds the answer up to the time limit and no longer', async () => {
      await using opened = await openTenancy({ engine });
      const { tenancy, clock } = opened;
      const documents = intercept(tenancy.documents, 'makeCollection', () => new Promise(() => {}));
      const creating = createOrganization({ ...tenancy, documents }, acme, byTest);
      let answered = false;
      void creating.then(() => {
        answered = true;
      });
      await clock.whenWaiting();
      clock.pass(4_000);
      await new Promise(setImmediate);
      assert.equal(answered, false);
      clock.pass(1_000);
      assert.deepEqual(await creating, await readOrganization(tenancy, 'Acme Corp'));
      assert.equal(clock.waiting, 0);
    });
  });
}
