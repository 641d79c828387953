import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { engines } from '../../test/engines.ts';
import { closedGate, intercept, unavailable } from '../../test/intercept.ts';
import { addOrganization, byTest, elsewhere, openTenancy, signIn, signUp } from '../../test/tenancy.ts';
import { createOrganization } from './create.ts';
import { deleteOrganization } from './delete.ts';
import { organizations } from './organization.ts';
import { readOrganization } from './read.ts';
import { sweep } from './sweep.ts';
import type { Tenancy } from './tenancy.ts';
import { updateOrganization } from './update.ts';

const notFound = { code: 'organization_not_found', message: 'Organization not found' };
const notAuthenticated = { code: 'not_authenticated', message: 'Not authenticated' };

/** The same tenancy, in which hashes begin only when the gate lets them. */
function slowHashes(tenancy: Tenancy) {
  const gate = closedGate();
  const passwords = intercept(tenancy.passwords, 'hash', async (forward) => {
    await gate.pass();
    return forward();
  });
  return { gate, slow: { ...tenancy, passwords } };
}

for (const engine of engines) {
  describe(`updates beside other calls on the ${engine.name} engine`, () => {
    test('a deletion while an update hashes gives not found, and nothing comes back to life', async () => {
      await using opened = await openTenancy({ engine });
      const { tenancy } = opened;
      const { caller } = await signUp(tenancy, 'Acme');
      const { gate, slow } = slowHashes(tenancy);
      const updating = updateOrganization(
        slow,
        caller,
        { organization_name: 'Acme', password: 'another password' },
        byTest,
      );
      await gate.reached();
      await deleteOrganization(tenancy, caller, 'Acme', byTest);
      gate.open();
      await assert.rejects(updating, notFound);
      assert.deepEqual(await opened.left(), { organizations: 0, users: 0, collections: [] });
    });

    test('an update whose token dies while it hashes does not undo the password that ended it', async () => {
      await using opened = await openTenancy({ engine });
      const { tenancy } = opened;
      const { caller, email } = await signUp(tenancy, 'Acme');
      const { gate, slow } = slowHashes(tenancy);
      const updating = updateOrganization(
        slow,
        caller,
        {
          organization_name: 'Acme',
          password: "the thief's password",
          email: 'thief@example.com',
        },
        byTest,
      );
      await gate.reached();
      await updateOrganization(
        tenancy,
        caller,
        { organization_name: 'Acme', password: "the owner's password" },
        byTest,
      );
      gate.open();
      await assert.rejects(updating, notAuthenticated);
      await signIn(tenancy, email, "the owner's password");
    });

    test('a rename whose token dies before its commit renames nothing', async () => {
      await using opened = await openTenancy({ engine });
      const { tenancy } = opened;
      const { caller, view } = await signUp(tenancy, 'Acme');
      const records = intercept(tenancy.records, 'commit', async (forward) => {
        await updateOrganization(tenancy, caller, { organization_name: 'Acme', password: 'another password' }, byTest);
        return forward();
      });
      const renaming = updateOrganization(
        elsewhere(tenancy, { records }),
        caller,
        {
          organization_name: 'Acme',
          new_organization_name: 'Globex',
        },
        byTest,
      );
      await assert.rejects(renaming, notAuthenticated);
      assert.deepEqual(await readOrganization(tenancy, 'Acme'), view);
    });

    test('an answer shows the name and the email of one moment, also where the update changes one or none of them', async () => {
      await using opened = await openTenancy({ engine });
      const { tenancy } = opened;
      const { caller } = await signUp(tenancy, 'Acme');
      for (const [turn, change] of [{}, { email: 'mine@example.com' }].entries()) {
        const name = turn === 0 ? 'Acme' : 'ACME 0';
        let isChanged = false;
        const records = intercept(tenancy.records, 'get', async (forward, kind) => {
          if (isChanged || kind.name !== 'users') return forward();
          isChanged = true;
          const together = { new_organization_name: `ACME ${turn}`, email: 'new@example.com' };
          await updateOrganization(tenancy, caller, { organization_name: name, ...together }, byTest);
          return forward();
        });
        const answer = await updateOrganization(
          elsewhere(tenancy, { records }),
          caller,
          {
            organization_name: name,
            ...change,
          },
          byTest,
        );
        assert.equal(answer.organization_name, `ACME ${turn}`);
        assert.equal(answer.admin_email, turn === 0 ? 'new@example.com' : 'mine@example.com');
      }
    });

    test('an organization that is renamed while another call selects it stays the one that was selected', async () => {
      await using opened = await openTenancy({ engine });
      const { tenancy } = opened;
      const { caller } = await signUp(tenancy, 'Acme');
      const { gate, slow } = slowHashes(tenancy);
      const updating = updateOrganization(
        slow,
        caller,
        { organization_name: 'Acme', password: 'another password' },
        byTest,
      );
      await gate.reached();
      await updateOrganization(tenancy, caller, { organization_name: 'Acme', new_organization_name: 'Globex' }, byTest);
      await signUp(tenancy, 'Acme', 'newcomer@example.com');
      gate.open();
      assert.equal((await updating).organization_name, 'Globex');
    });

    test('renames at once to one name give it to one', async () => {
      await using opened = await openTenancy({ engine });
      const { tenancy } = opened;
      const admins = await Promise.all(Array.from({ length: 8 }, (_, number) => signUp(tenancy, `Team ${number}`)));
      const outcomes = await Promise.allSettled(
        admins.map(({ caller, view }) =>
          updateOrganization(
            tenancy,
            caller,
            {
              organization_name: view.organization_name,
              new_organization_name: 'Globex',
            },
            byTest,
          ),
        ),
      );
      assert.equal(outcomes.filter(({ status }) => status === 'fulfilled').length, 1);
      for (const outcome of outcomes)
        if (outcome.status === 'rejected') assert.equal(outcome.reason.code, 'organization_name_taken');
    });

    test('changes at once to one record lose nothing of each other', async () => {
      await using opened = await openTenancy({ engine });
      const { tenancy } = opened;
      const { caller } = await signUp(tenancy, 'Acme');
      let commits = 0;
      const records = intercept(tenancy.records, 'commit', async (forward) => {
        commits += 1;
        if (commits === 1)
          await updateOrganization(tenancy, caller, { organization_name: 'Acme', email: 'new@example.com' }, byTest);
        return forward();
      });
      const request = { organization_name: 'Acme', password: 'another password' };
      const { admin_email } = await updateOrganization(elsewhere(tenancy, { records }), caller, request, byTest);
      assert.equal(admin_email, 'new@example.com');
      assert.equal(commits, 2);
      await signIn(tenancy, 'new@example.com', 'another password');
    });

    test('an organization that is deleted while an update hashes stays so, also where its admin has another', async () => {
      await using opened = await openTenancy({ engine });
      const { tenancy } = opened;
      const { caller } = await signUp(tenancy, 'Acme');
      await addOrganization(tenancy, caller, 'Globex');
      const { gate, slow } = slowHashes(tenancy);
      const request = { organization_name: 'Acme', new_organization_name: 'Initech', password: 'another password' };
      const updating = updateOrganization(slow, caller, request, byTest);
      await gate.reached();
      const documents = intercept(tenancy.documents, 'dropCollection', () => Promise.reject(unavailable()));
      await deleteOrganization({ ...tenancy, documents }, caller, 'Acme', byTest);
      gate.open();
      await assert.rejects(updating, notFound);
      await assert.rejects(readOrganization(tenancy, 'Initech'), notFound);
    });

    test('an organization whose collection is not made yet is renamed, and its creation finished all the same', async () => {
      await using opened = await openTenancy({ engine });
      const { tenancy } = opened;
      const gate = closedGate();
      const documents = intercept(tenancy.documents, 'makeCollection', async (forward) => {
        await gate.pass();
        return forward();
      });
      const creating = createOrganization(
        { ...tenancy, documents },
        { organization_name: 'Acme', email: 'ada@example.com', password: 'correct horse' },
        byTest,
      );
      await gate.reached();
      const { caller } = await signIn(tenancy, 'ada@example.com', 'correct horse');
      await updateOrganization(tenancy, caller, { organization_name: 'Acme', new_organization_name: 'Globex' }, byTest);
      gate.open();
      await creating;
      const organization = await tenancy.records.find(organizations, 'name_key', 'globex');
      assert.equal(organization?.status, 'active');
      await sweep(tenancy, { signal: new AbortController().signal, sparesRecent: false });
      assert.deepEqual((await opened.left()).collections, ['org_acme']);
    });
  });
}
