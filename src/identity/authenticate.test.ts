import assert from 'node:assert/strict';
import { test } from 'node:test';
import { openTestKeys } from '../../test/key-store.ts';
import type { Records } from '../store/records.ts';
import { authenticate } from './authenticate.ts';
import { createTokens } from './tokens.ts';
import { newUserId, type User } from './user.ts';

const user: User = {
  id: newUserId(),
  version: 1,
  email: 'ada@example.com',
  email_key: 'ada@example.com',
  password: { scheme: 'bcrypt', hash: '' },
  generation: 1,
  created_at: '2030-01-01T00:00:00.000Z',
  updated_at: '2030-01-01T00:00:00.000Z',
};

/** Records that hold these users alone. */
function recordsOf(kept: Map<string, User>): Pick<Records, 'get'> {
  return { get: async (kind, id) => (kind.name === 'users' ? (kept.get(id) as never) : undefined) };
}

async function setUp() {
  const now = () => 0;
  const keys = await openTestKeys({ clock: { now, wait: async () => {} } });
  const tokens = createTokens({ keys, issuer: 'tenantry', minutes: 30, now });
  const kept = new Map([[user.id, user]]);
  const { id: sub, email, generation } = user;
  const token = await tokens.issue({ sub, email, generation, organization_id: 'org_1', organization_name: 'Acme' });
  return { kept, token, asking: () => authenticate(recordsOf(kept), tokens, token), tokens };
}

const refusal = { code: 'not_authenticated', message: 'Not authenticated' };

test('a token gives its claims and the user as stored now', async () => {
  const { kept, asking } = await setUp();
  const { claims, user: found } = await asking();
  assert.equal(claims.organization_id, 'org_1');
  assert.equal(found, user);
  kept.set(user.id, { ...user, version: 2, email: 'ada@lovelace.example' });
  assert.equal((await asking()).user.email, 'ada@lovelace.example');
});

test('a token dies with its user, and with a new password, also where it was taken before', async () => {
  const { kept, asking } = await setUp();
  await asking();
  kept.set(user.id, { ...user, generation: 2 });
  await assert.rejects(asking(), refusal);
  kept.delete(user.id);
  await assert.rejects(asking(), refusal);
});

test('what is no token is refused before anything is looked up', async () => {
  const { kept, tokens } = await setUp();
  const records = recordsOf(kept);
  records.get = async () => assert.fail('looked up');
  await assert.rejects(authenticate(records, tokens, 'no token'), refusal);
});
