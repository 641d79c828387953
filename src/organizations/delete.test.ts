import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { engines } from '../../test/engines.ts';
import { intercept, unavailable } from '../../test/intercept.ts';
import { addOrganization, byTest, elsewhere, openTenancy, signIn, signUp } from '../../test/tenancy.ts';
import { users } from '../identity/user.ts';
import { deleteOrganization } from './delete.ts';
import { readOrganization } from './read.ts';
import { updateOrganization } from './update.ts';

const notFound = { code: 'organization_not_found', message: 'Organization not found' };
const forbidden = { code: 'forbidden', message: 'Not authorized to delete this organization' };
const nothing = { organizations: 0, users: 0, collections: [] };

for (const engine of engines) {
  describe(`deleting organizations on the ${engine.name} engine`, () => {
    test('a deletion removes the organization, its user and its collection, and tells what they were called', async () => {
      await using opened = await openTenancy({ engine });
      const { tenancy } = opened;
      const { caller } = await signUp(tenancy, 'Acme Corp');
      await signUp(tenancy, 'Globex');
      const deleted = await deleteOrganization(tenancy, caller, ' ACME  corp ', byTest);
      const erased = { collections: 1, documents: 0, bytes: 0 };
      assert.deepEqual(deleted, { name: 'Acme Corp', collection_name: 'org_acme_corp', erased });
      assert.deepEqual(await opened.left(), { organizations: 1, users: 1, collections: ['org_globex'] });
      await assert.rejects(readOrganization(tenancy, 'Acme Corp'), notFound);
      assert.deepEqual(opened.reached.slice(-3), ['delete.committed', 'delete.collection-dropped', 'delete.settled']);
      await opened.restart();
      await assert.rejects(readOrganization(opened.tenancy, 'Acme Corp'), notFound);
    });

    test('name, email and collection of a deleted organization are free at once', async () => {
      await using opened = await openTenancy({ engine });
      const { tenancy } = opened;
      const { caller, view, email } = await signUp(tenancy, 'Acme');
      await deleteOrganization(tenancy, caller, 'Acme', byTest);
      const again = await signUp(tenancy, 'Acme', email);
      assert.deepEqual(again.view, view);
      assert.notEqual(again.caller.organization_id, caller.organization_id);
      assert.deepEqual(await opened.left(), { organizations: 1, users: 1, collections: ['org_acme'] });
    });

    test('a name created again gets a collection that was made anew', async () => {
      await using opened = await openTenancy({ engine });
      const { tenancy } = opened;
      const { caller } = await signUp(tenancy, 'Acme');
      await deleteOrganization(tenancy, caller, 'Acme', byTest);
      const stood: boolean[] = [];
      const documents = intercept(tenancy.documents, 'makeCollection', async (forward, place) => {
        stood.push(await tenancy.documents.hasCollection(place, place.collection_name));
        return forward();
      });
      await signUp({ ...tenancy, documents }, 'Acme');
      assert.deepEqual(stood, [false]);
    });

    test("deleting one of two that share a plain collection name leaves the other's", async () => {
      await using opened = await openTenancy({ engine });
      const { tenancy } = opened;
      const one = await signUp(tenancy, 'Acme Corp', 'one@example.com');
      const other = await signUp(tenancy, 'acme-corp', 'other@example.com');
      await deleteOrganization(tenancy, one.caller, 'Acme Corp', byTest);
      assert.deepEqual((await opened.left()).collections, [other.view.collection_name]);
      assert.deepEqual(await readOrganization(tenancy, 'acme-corp'), other.view);
    });

    test("another's organization is forbidden, and nothing is touched", async () => {
      await using opened = await openTenancy({ engine });
      const { tenancy } = opened;
      const { caller } = await signUp(tenancy, 'Acme');
      const { view } = await signUp(tenancy, 'Globex');
      await assert.rejects(deleteOrganization(tenancy, caller, 'globex', byTest), forbidden);
      await assert.rejects(deleteOrganization(tenancy, caller, 'Nobody', byTest), notFound);
      assert.deepEqual(await readOrganization(tenancy, 'Globex'), view);
    });

    test('of many deletions at once one succeeds, and the others find nothing', async () => {
      await using opened = await openTenancy({ engine });
      const { tenancy } = opened;
      const { caller } = await signUp(tenancy, 'Acme');
      const outcomes = await Promise.allSettled(
        Array.from({ length: 20 }, () => deleteOrganization(tenancy, caller, 'Acme', byTest)),
      );
      assert.equal(outcomes.filter(({ status }) => status === 'fulfilled').length, 1);
      for (const outcome of outcomes)
        if (outcome.status === 'rejected') assert.equal(outcome.reason.code, 'organization_not_found');
      assert.deepEqual(await opened.left(), nothing);
    });

    test('a caller whose token dies while it deletes deletes nothing', async () => {
      await using opened = await openTenancy({ engine });
      const { tenancy } = opened;
      const { caller, view } = await signUp(tenancy, 'Acme');
      let changed = false;
      const records = intercept(tenancy.records, 'commit', async (forward) => {
        if (!changed)
          await updateOrganization(
            tenancy,
            caller,
            { organization_name: 'Acme', password: 'another password' },
            byTest,
          );
        changed = true;
        return forward();
      });
      await assert.rejects(deleteOrganization(elsewhere(tenancy, { records }), caller, 'Acme', byTest), {
        code: 'not_authenticated',
      });
      assert.deepEqual(await readOrganization(tenancy, 'Acme'), view);
    });

    test('a rename while a deletion is decided is in what the deletion tells', async () => {
      await using opened = await openTenancy({ engine });
      const { tenancy } = opened;
      const { caller } = await signUp(tenancy, 'Acme');
      let renamed = false;
      const records = intercept(tenancy.records, 'commit', async (forward) => {
        if (!renamed)
          await updateOrganization(
            tenancy,
            caller,
            { organization_name: 'Acme', new_organization_name: 'Globex' },
            byTest,
          );
        renamed = true;
        return forward();
      });
      const deleted = await deleteOrganization(elsewhere(tenancy, { records }), caller, 'Acme', byTest);
      const erased = { collections: 1, documents: 0, bytes: 0 };
      assert.deepEqual(deleted, { name: 'Globex', collection_name: 'org_acme', erased });
      assert.deepEqual(await opened.left(), nothing);
    });
  });

  describe(`deleting one of an admin's organizations on the ${engine.name} engine`, () => {
    test('the user stays while another organization needs them, and goes with the last', async () => {
      await using opened = await openTenancy({ engine });
      const { tenancy } = opened;
      const { caller, email, password } = await signUp(tenancy, 'Acme');
      const second = await addOrganization(tenancy, caller, 'Globex');
      await deleteOrganization(tenancy, caller, 'Acme', byTest);
      const signedIn = await signIn(tenancy, email, password);
      assert.deepEqual(signedIn.caller, second);
      await deleteOrganization(tenancy, second, 'Globex', byTest);
      assert.equal(await tenancy.records.find(users, 'email_key', email), undefined);
    });

    test('one of two is deleted once, however many delete it at once', async () => {
      await using opened = await openTenancy({ engine });
      const { tenancy } = opened;
      const { caller } = await signUp(tenancy, 'Acme');
      await addOrganization(tenancy, caller, 'Globex');
      const documents = intercept(tenancy.documents, 'dropCollection', () => Promise.reject(unavailable()));
      const outcomes = await Promise.allSettled(
        Array.from({ length: 4 }, () => deleteOrganization({ ...tenancy, documents }, caller, 'Acme', byTest)),
      );
      const codes = outcomes.map((outcome) => (outcome.status === 'rejected' ? outcome.reason.code : 'deleted'));
      assert.equal(codes.filter((code) => code === 'deleted').length, 1);
      assert.equal(codes.filter((code) => code === 'organization_not_found').length, 3);
    });

    test('a token for one organization does not reach the other of the same admin', async () => {
      await using opened = await openTenancy({ engine });
      const { tenancy } = opened;
      const { caller } = await signUp(tenancy, 'Acme');
      const second = await addOrganization(tenancy, caller, 'Globex');
      await assert.rejects(deleteOrganization(tenancy, caller, 'Globex', byTest), forbidden);
      await assert.rejects(deleteOrganization(tenancy, second, 'Acme', byTest), forbidden);
    });

    test('where both are deleted at once no user is left behind', async () => {
      await using opened = await openTenancy({ engine });
      const { tenancy } = opened;
      const { caller } = await signUp(tenancy, 'Acme');
      const second = await addOrganization(tenancy, caller, 'Globex');
      const decided: (() => void)[] = [];
      // Both have read that the other needs the user before either commits.
      const records = intercept(tenancy.records, 'commit', async (forward, [first]) => {
        if (first?.op === 'replace' && first.kind.name === 'organizations' && decided.length < 2) {
          await new Promise<void>((resolve) => {
            decided.push(resolve);
            if (decided.length === 2) for (const go of decided) go();
          });
        }
        return forward();
      });
      const racing = elsewhere(tenancy, { records });
      await Promise.all([
        deleteOrganization(racing, caller, 'Acme', byTest),
        deleteOrganization(racing, second, 'Globex', byTest),
      ]);
      assert.deepEqual(await opened.left(), nothing);
    });
  });
}
