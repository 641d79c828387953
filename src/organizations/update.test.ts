import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { engines } from '../../test/engines.ts';
import { intercept } from '../../test/intercept.ts';
import { authenticateAdmin, byTest, openTenancy, signIn, signUp } from '../../test/tenancy.ts';
import { users } from '../identity/user.ts';
import { organizations } from './organization.ts';
import { readOrganization } from './read.ts';
import type { Tenancy } from './tenancy.ts';
import { updateOrganization } from './update.ts';

const notFound = { code: 'organization_not_found', message: 'Organization not found' };
const forbidden = { code: 'forbidden', message: 'Not authorized to update this organization' };
const nameTaken = { code: 'organization_name_taken', message: 'Organization already exists' };
const emailTaken = { code: 'email_taken', message: 'Admin email already registered' };
const notAuthenticated = { code: 'not_authenticated', message: 'Not authenticated' };
const badLogin = { code: 'invalid_credentials' };

/** The versions of the organization of this name and of its admin. */
async function versions({ records }: Tenancy, nameKey: string): Promise<(number | undefined)[]> {
  const organization = await records.find(organizations, 'name_key', nameKey);
  const admin = await records.get(users, organization?.admin_user_id ?? '');
  return [organization?.version, admin?.version];
}

for (const engine of engines) {
  describe(`updating organizations on the ${engine.name} engine`, () => {
    test('name, email and password change together, and the answer shows them', async () => {
      await using opened = await openTenancy({ engine });
      const { tenancy } = opened;
      const { view, caller } = await signUp(tenancy, 'Acme');
      const changed = await updateOrganization(
        tenancy,
        caller,
        {
          organization_name: 'ACME',
          new_organization_name: ' Globex ',
          email: 'New@example.com',
          password: 'another password',
        },
        byTest,
      );
      assert.deepEqual(changed, { ...view, organization_name: 'Globex', admin_email: 'New@example.com' });
      assert.deepEqual(await readOrganization(tenancy, 'globex'), changed);
      await assert.rejects(readOrganization(tenancy, 'Acme'), notFound);
      await signIn(tenancy, 'new@example.com', 'another password');
      await opened.restart();
      assert.deepEqual(await readOrganization(opened.tenancy, 'globex'), changed);
    });

    test('a renamed organization keeps its collection and its tokens', async () => {
      await using opened = await openTenancy({ engine });
      const { tenancy } = opened;
      const { caller, token } = await signUp(tenancy, 'Acme');
      const { collection_name } = await updateOrganization(
        tenancy,
        caller,
        {
          organization_name: 'Acme',
          new_organization_name: 'Globex',
        },
        byTest,
      );
      assert.equal(collection_name, 'org_acme');
      assert.deepEqual((await opened.left()).collections, ['org_acme']);
      assert.deepEqual(await authenticateAdmin(tenancy, token), caller);
      const { view: newcomer } = await signUp(tenancy, 'Acme', 'newcomer@example.com');
      assert.match(newcomer.collection_name, /^org_acme_/);
    });

    test("one's own name in another spelling is allowed, and stored", async () => {
      await using opened = await openTenancy({ engine });
      const { tenancy } = opened;
      const { caller, view } = await signUp(tenancy, 'Acme');
      const changed = await updateOrganization(
        tenancy,
        caller,
        {
          organization_name: 'acme',
          new_organization_name: 'A\uff23ME',
        },
        byTest,
      );
      assert.deepEqual(changed, { ...view, organization_name: 'A\uff23ME' });
      assert.deepEqual(await readOrganization(tenancy, 'acme'), changed);
    });

    test("one's own email in another spelling is allowed, and stored", async () => {
      await using opened = await openTenancy({ engine });
      const { tenancy } = opened;
      const { caller } = await signUp(tenancy, 'Acme', 'ada@example.com');
      const changed = await updateOrganization(
        tenancy,
        caller,
        {
          organization_name: 'acme',
          email: 'ADA@example.com',
        },
        byTest,
      );
      assert.equal(changed.admin_email, 'ADA@example.com');
    });

    test('where nothing changes nothing is written', async () => {
      await using opened = await openTenancy({ engine });
      const { tenancy } = opened;
      const { caller, view, email } = await signUp(tenancy, 'Acme');
      const before = await versions(tenancy, 'acme');
      const records = intercept(tenancy.records, 'commit', () => Promise.reject(new Error('nothing is to be written')));
      for (const request of [
        {},
        { new_organization_name: ' Acme ' },
        { email },
        { new_organization_name: undefined, email: undefined, password: undefined },
      ]) {
        const answer = await updateOrganization(
          { ...tenancy, records },
          caller,
          {
            organization_name: 'Acme',
            ...request,
          },
          byTest,
        );
        assert.deepEqual(answer, view);
      }
      assert.deepEqual(await versions(tenancy, 'acme'), before);
    });

    test('an update writes only the record that it changes', async () => {
      await using opened = await openTenancy({ engine });
      const { tenancy } = opened;
      const { caller } = await signUp(tenancy, 'Acme');
      const [organization = 0, admin = 0] = await versions(tenancy, 'acme');
      await updateOrganization(tenancy, caller, { organization_name: 'Acme', email: 'other@example.com' }, byTest);
      assert.deepEqual(await versions(tenancy, 'acme'), [organization, admin + 1]);
      await updateOrganization(tenancy, caller, { organization_name: 'Acme', new_organization_name: 'Globex' }, byTest);
      assert.deepEqual(await versions(tenancy, 'globex'), [organization + 1, admin + 1]);
    });

    test('a password ends the tokens made before, also where it is the same again', async () => {
      await using opened = await openTenancy({ engine });
      const { tenancy } = opened;
      const { caller, token, email, password } = await signUp(tenancy, 'Acme');
      await updateOrganization(tenancy, caller, { organization_name: 'Acme', password }, byTest);
      await assert.rejects(authenticateAdmin(tenancy, token), notAuthenticated);
      const again = await signIn(tenancy, email, password);
      await updateOrganization(
        tenancy,
        again.caller,
        { organization_name: 'Acme', password: 'another password' },
        byTest,
      );
      await assert.rejects(authenticateAdmin(tenancy, again.token), notAuthenticated);
      await assert.rejects(signIn(tenancy, email, password), badLogin);
      await signIn(tenancy, email, 'another password');
    });

    test('a new email keeps the tokens, and the old one is free', async () => {
      await using opened = await openTenancy({ engine });
      const { tenancy } = opened;
      const { caller, token, email, password } = await signUp(tenancy, 'Acme');
      await updateOrganization(tenancy, caller, { organization_name: 'Acme', email: 'new@example.com' }, byTest);
      assert.deepEqual(await authenticateAdmin(tenancy, token), { ...caller, email: 'new@example.com' });
      await assert.rejects(signIn(tenancy, email, password), badLogin);
      await signIn(tenancy, 'new@example.com', password);
      await signUp(tenancy, 'Globex', email);
    });

    test('a name or an email of another is taken in every spelling, the name is told first', async () => {
      await using opened = await openTenancy({ engine });
      const { tenancy } = opened;
      const { caller } = await signUp(tenancy, 'Acme');
      await signUp(tenancy, 'Globex', 'bob@example.com');
      const before = await versions(tenancy, 'acme');
      const both = { organization_name: 'Acme', new_organization_name: 'GLOBEX', email: 'BOB@example.com' };
      const passwords = intercept(tenancy.passwords, 'hash', () =>
        Promise.reject(new Error('nothing is to be hashed')),
      );
      const hashless = { ...tenancy, passwords };
      const dear = { ...both, password: 'another password' };
      await assert.rejects(updateOrganization(hashless, caller, dear, byTest), nameTaken);
      await assert.rejects(
        updateOrganization(hashless, caller, { ...dear, new_organization_name: 'Free' }, byTest),
        emailTaken,
      );
      const blind = {
        ...tenancy,
        records: intercept(tenancy.records, 'find', async (forward, kind, _index, key) =>
          kind.name === 'organizations' && key === 'acme' ? forward() : undefined,
        ),
      };
      await assert.rejects(updateOrganization(blind, caller, both, byTest), nameTaken);
      await assert.rejects(
        updateOrganization(blind, caller, { ...both, new_organization_name: 'Free' }, byTest),
        emailTaken,
      );
      assert.deepEqual(await versions(tenancy, 'acme'), before);
      assert.equal(opened.reached.filter((point) => point === 'create.hashed').length, 2);
    });

    test("another's organization is forbidden before anything about the name or the email is told", async () => {
      await using opened = await openTenancy({ engine });
      const { tenancy } = opened;
      const { caller } = await signUp(tenancy, 'Acme');
      await signUp(tenancy, 'Globex', 'bob@example.com');
      await signUp(tenancy, 'Initech', 'cid@example.com');
      const request = {
        organization_name: 'globex',
        new_organization_name: 'Initech',
        email: 'cid@example.com',
        password: 'a new password',
      };
      const passwords = intercept(tenancy.passwords, 'hash', () =>
        Promise.reject(new Error('nothing is to be hashed')),
      );
      await assert.rejects(updateOrganization({ ...tenancy, passwords }, caller, request, byTest), forbidden);
      await assert.rejects(
        updateOrganization(tenancy, caller, { organization_name: 'Nobody', new_organization_name: 'Initech' }, byTest),
        notFound,
      );
    });

    test('values that break a rule are told first, all of them', async () => {
      await using opened = await openTenancy({ engine });
      const { caller } = await signUp(opened.tenancy, 'Acme');
      const broken = { organization_name: 'Nobody', new_organization_name: 'ab', email: 'ada@', password: 'short' };
      await assert.rejects(
        updateOrganization(opened.tenancy, caller, broken, byTest),
        (error: { code: string; issues: { member: string }[] }) => {
          assert.equal(error.code, 'invalid_value');
          assert.deepEqual(
            error.issues.map(({ member }) => member),
            ['email', 'password', 'new_organization_name'],
          );
          return true;
        },
      );
    });
  });
}
