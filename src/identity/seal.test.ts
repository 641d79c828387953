import assert from 'node:assert/strict';
import { test } from 'node:test';
import { openTestKeys } from '../../test/key-store.ts';
import { seal, unseal } from './seal.ts';
import { createTokens } from './tokens.ts';

test('a sealed text is opened for its purpose alone, also after its key was exchanged', async () => {
  const keys = await openTestKeys();
  for (const text of ['', 'a', '{"key":"Größe","id":"org_1"}', 'x\n.y']) {
    const sealed = seal(keys, 'list of organizations', text);
    assert.equal(await unseal(keys, 'list of organizations', sealed), text);
    assert.equal(await unseal(keys, 'list of organizations ', sealed), undefined);
    assert.equal(await unseal(keys, 'list of documents', sealed), undefined);
  }
  const old = seal(keys, 'purpose', 'text');
  await keys.rotate();
  assert.equal(await unseal(keys, 'purpose', old), 'text');
});

test('what was changed, cut, made by others or for a token is not opened', async () => {
  const keys = await openTestKeys();
  const sealed = seal(keys, 'purpose', 'text');
  for (let at = 0; at < sealed.length; at += 1) {
    const changed = sealed.slice(0, at) + (sealed[at] === 'A' ? 'B' : 'A') + sealed.slice(at + 1);
    assert.equal(await unseal(keys, 'purpose', changed), undefined, changed);
    assert.equal(await unseal(keys, 'purpose', sealed.slice(0, at)), undefined);
  }
  assert.equal(await unseal(await openTestKeys(), 'purpose', sealed), undefined);
  const tokens = createTokens({ keys, issuer: 'tenantry', minutes: 30, now: Date.now });
  const token = await tokens.issue({
    sub: 'usr_1',
    email: 'ada@acme.example',
    generation: 1,
    organization_id: 'org_1',
    organization_name: 'Acme',
  });
  assert.equal(await unseal(keys, 'purpose', token), undefined);
  await assert.rejects(tokens.check(sealed), { code: 'not_authenticated' });
});
