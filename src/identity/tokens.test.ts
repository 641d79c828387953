import assert from 'node:assert/strict';
import { createHmac, type KeyObject, sign } from 'node:crypto';
import { test } from 'node:test';
import { createLocalJWKSet, decodeJwt, jwtVerify } from 'jose';
import { openTestKeys } from '../../test/key-store.ts';
import { hashingWorkers } from './hash-queue.ts';
import { createPasswords } from './passwords.ts';
import { createTokens, type Holder } from './tokens.ts';

const minute = 60_000;
const issuer = 'https://tenantry.example';
const holder: Holder = {
  sub: 'usr_01jgpjn8e0fq5v0000000000ad',
  email: 'ada@example.com',
  generation: 3,
  organization_id: 'org_01jgpjn8e0fq5v0000000000ac',
  organization_name: 'Ácme 💎',
};

async function setUp() {
  const clock = { now: Date.parse('2030-01-01T00:00:00.700Z') };
  const now = () => clock.now;
  const keys = await openTestKeys({ clock: { now, wait: async () => {} } });
  return { clock, keys, tokens: createTokens({ keys, issuer, minutes: 30, now }) };
}

const refusal = { name: 'TenantryError', code: 'not_authenticated', message: 'Not authenticated' };
const encode = (value: unknown) =>
  Buffer.from(typeof value === 'string' ? value : JSON.stringify(value)).toString('base64url');

/** A token with any header and claims, rightly signed. */
function signed(header: unknown, claims: unknown, key: KeyObject): string {
  const text = `${encode(header)}.${encode(claims)}`;
  return `${text}.${sign(null, Buffer.from(text), key).toString('base64url')}`;
}

test('a token says who holds it, and that we made it for ourselves', async () => {
  const { clock, tokens } = await setUp();
  const claims = await tokens.check(await tokens.issue(holder));
  const iat = Math.floor(clock.now / 1000);
  const { jti, ...rest } = claims;
  assert.deepEqual(rest, { ...holder, iss: issuer, aud: 'tenantry', iat, exp: iat + 30 * 60 });
  assert.match(jti, /^[\w-]{20,}$/);
});

test('two tokens of one holder in one second differ', async () => {
  const { tokens } = await setUp();
  assert.notEqual(await tokens.issue(holder), await tokens.issue(holder));
});

test('anyone can verify a token with the published keys', async () => {
  const { clock, keys, tokens } = await setUp();
  const token = await tokens.issue(holder);
  await keys.rotate();
  const { payload, protectedHeader } = await jwtVerify(token, createLocalJWKSet(keys.jwks()), {
    issuer,
    audience: 'tenantry',
    typ: 'JWT',
    algorithms: ['EdDSA'],
    currentDate: new Date(clock.now),
  });
  assert.equal(payload.sub, holder.sub);
  assert.deepEqual(Object.keys(protectedHeader).sort(), ['alg', 'kid', 'typ']);
});

test('a token is refused from the second its time is over, also where it was checked before', async () => {
  const { clock, tokens } = await setUp();
  const token = await tokens.issue(holder);
  const { exp } = await tokens.check(token);
  clock.now = exp * 1000 - 1;
  await tokens.check(token);
  for (clock.now = exp * 1000; clock.now < exp * 1000 + 3; clock.now += 1) {
    await assert.rejects(() => tokens.check(token), refusal);
  }
});

test('a token outlives the rotation of its key, and dies when the key is dropped, also where it was checked before', async () => {
  const { clock, keys, tokens } = await setUp();
  const text = (key: KeyObject, id: string, exp: number) =>
    signed({ alg: 'EdDSA', typ: 'JWT', kid: id }, { ...decodeJwt(token), exp }, key);
  const { id, privateKey } = keys.current();
  const token = await tokens.issue(holder);
  const longLived = text(privateKey, id, Math.floor(clock.now / 1000) + 24 * 3_600);
  await keys.rotate();
  await tokens.check(token);
  await tokens.check(longLived);
  clock.now += 31 * minute - 1;
  await tokens.check(longLived);
  clock.now += 1;
  await assert.rejects(() => tokens.check(longLived), refusal);
  await tokens.check(await tokens.issue(holder));
});

test('no token with one character changed, added, left out or moved is taken', async () => {
  const { tokens } = await setUp();
  const token = await tokens.issue(holder);
  await tokens.check(token);
  const alphabet = 'AZaz09-_.+/= ~\n\0';
  let tried = 0;
  const refuse = async (changed: string) => {
    if (changed === token) return;
    tried += 1;
    await assert.rejects(() => tokens.check(changed), refusal, changed);
  };
  for (let at = 0; at <= token.length; at += 1) {
    const [before, here, after] = [token.slice(0, at), token.slice(at, at + 1), token.slice(at + 1)];
    await refuse(before + after);
    await refuse(before + after.slice(0, 1) + here + after.slice(1));
    // Neighbours in the alphabet differ in the last bits alone, which a lenient decoder ignores at the end of a part.
    const near = [-3, -2, -1, 1, 2, 3].map((step) => String.fromCharCode((here.charCodeAt(0) || 65) + step));
    for (const character of at % 8 === 0 || at > token.length - 3 ? [...alphabet, ...near] : near) {
      await refuse(before + character + after);
      await refuse(before + character + here + after);
    }
  }
  assert.ok(tried > 5_000);
  await tokens.check(token);
});

test('every other last character of the signature is refused, though a lenient decoder reads the same bytes', async () => {
  const { tokens } = await setUp();
  const token = await tokens.issue(holder);
  for (const last of 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_') {
    const other = token.slice(0, -1) + last;
    if (other !== token) await assert.rejects(() => tokens.check(other), refusal);
  }
});

test('a signature with the order of the group added to it is refused', async () => {
  const { tokens } = await setUp();
  const token = await tokens.issue(holder);
  const dot = token.lastIndexOf('.');
  const signature = Buffer.from(token.slice(dot + 1), 'base64url');
  const order = 2n ** 252n + 27742317777372353535851937790883648493n; // RFC 8032, 5.1.7: S must be below it
  const scalar = BigInt(`0x${Buffer.from(signature.subarray(32)).reverse().toString('hex')}`) + order;
  const bytes = Buffer.from(scalar.toString(16).padStart(64, '0'), 'hex').reverse();
  const malleated = Buffer.concat([signature.subarray(0, 32), bytes]);
  await assert.rejects(() => tokens.check(`${token.slice(0, dot)}.${malleated.toString('base64url')}`), refusal);
});

test('only a header that we write is taken, however right the signature', async () => {
  const { keys, tokens } = await setUp();
  const { id, privateKey } = keys.current();
  const claims = decodeJwt(await tokens.issue(holder));
  const right = { alg: 'EdDSA', typ: 'JWT', kid: id };
  await tokens.check(signed(right, claims, privateKey));
  const { typ: _typ, ...withoutType } = right;
  const { kid: _kid, ...withoutKey } = right;
  for (const header of [
    { ...right, alg: 'none' },
    { ...right, alg: 'HS256' },
    { ...right, alg: 'Ed25519' },
    { ...right, alg: 'eddsa' },
    { ...right, typ: 'jwt' },
    { ...right, typ: 'at+jwt' },
    { ...right, kid: 'unknown' },
    { ...right, kid: 1 },
    { ...right, kid: null },
    { ...right, crit: ['b64'], b64: true },
    { ...right, crit: [] },
    { ...right, crit: undefined, b64: false },
    { ...right, jwk: keys.jwks().keys[0] },
    withoutType,
    withoutKey,
    null,
    [],
    '{',
    '',
  ]) {
    await assert.rejects(() => tokens.check(signed(header, claims, privateKey)), refusal, JSON.stringify(header));
  }
});

test('a token that says it is not signed, or that was signed with the public key as a secret, is refused', async () => {
  const { keys, tokens } = await setUp();
  const { id } = keys.current();
  const claims = decodeJwt(await tokens.issue(holder));
  const [jwk] = keys.jwks().keys;
  const text = (alg: string) => `${encode({ alg, typ: 'JWT', kid: id })}.${encode(claims)}`;
  const hmac = createHmac('sha256', Buffer.from(jwk?.x ?? '', 'base64url'))
    .update(text('HS256'))
    .digest('base64url');
  for (const token of [`${text('none')}.`, text('none'), `${text('HS256')}.${hmac}`, `${text('EdDSA')}.`]) {
    await assert.rejects(() => tokens.check(token), refusal);
  }
});

test('a token of another installation is refused, though it uses the same key id', async () => {
  const [ours, theirs] = [await setUp(), await setUp()];
  const claims = decodeJwt(await ours.tokens.issue(holder));
  const forged = signed(
    { alg: 'EdDSA', typ: 'JWT', kid: ours.keys.current().id },
    claims,
    theirs.keys.current().privateKey,
  );
  await assert.rejects(() => ours.tokens.check(forged), refusal);
  await assert.rejects(() => theirs.tokens.check(forged), refusal);
});

test('claims that we do not write are refused, however right the signature', async () => {
  const { keys, tokens } = await setUp();
  const { id, privateKey } = keys.current();
  const right = decodeJwt(await tokens.issue(holder));
  const token = (claims: unknown) => signed({ alg: 'EdDSA', typ: 'JWT', kid: id }, claims, privateKey);
  await tokens.check(token(right));
  const wrong: [string, unknown[]][] = [
    ['iss', ['', 'tenantry', `${issuer}/`, [issuer]]],
    ['aud', ['', 'Tenantry', ['tenantry'], 'other']],
    ['sub', ['', 1, null]],
    ['email', ['', null]],
    ['generation', ['3', 3.5, null]],
    ['organization_id', ['', {}]],
    ['organization_name', ['', 5]],
    ['iat', ['1', 1.5, null]],
    ['exp', ['9999999999', 1e300, 9_999_999_999.5, null, 0]],
    ['jti', ['', 7]],
  ];
  for (const [name, values] of wrong) {
    const { [name]: _, ...without } = right;
    await assert.rejects(() => tokens.check(token(without)), refusal, `without ${name}`);
    for (const value of values) {
      await assert.rejects(
        () => tokens.check(token({ ...right, [name]: value })),
        refusal,
        `${name} ${JSON.stringify(value)}`,
      );
    }
  }
  for (const claims of [null, [], 'text', '{']) await assert.rejects(() => tokens.check(token(claims)), refusal);
});

test('what is no token at all is refused, however long', async () => {
  const { tokens } = await setUp();
  const token = await tokens.issue(holder);
  for (const text of [
    '',
    '.',
    '..',
    'a.b.c',
    'null',
    `${token}.`,
    `.${token}`,
    ` ${token}`,
    `${token}\n`,
    'a'.repeat(1e7),
  ]) {
    await assert.rejects(() => tokens.check(text), refusal);
  }
});

test('a token over 4,096 characters is refused, one of the longest names is not', async () => {
  const { tokens } = await setUp();
  const longest = { ...holder, email: `${'a'.repeat(250)}@x.y`, organization_name: '\u0001💎'.repeat(25) };
  assert.equal((await tokens.check(await tokens.issue(longest))).organization_name, longest.organization_name);
  const tooLong = await tokens.issue({ ...holder, organization_name: 'a'.repeat(3_000) });
  assert.ok(tooLong.length > 4_096);
  await assert.rejects(() => tokens.check(tooLong), refusal);
});

test('the claims that one caller gets cannot be changed for the next', async () => {
  const { tokens } = await setUp();
  const token = await tokens.issue(holder);
  assert.ok(Object.isFrozen(await tokens.check(token)));
  assert.equal(await tokens.check(token), await tokens.check(token));
});

test('a flood of password hashes delays neither the making nor the checking of a token', async () => {
  const { tokens } = await setUp();
  await tokens.issue(holder); // the first one also prepares the key
  const poolThreads = Number(process.env['UV_THREADPOOL_SIZE'] ?? 4);
  const workers = hashingWorkers(poolThreads, poolThreads);
  const passwords = createPasswords({ cost: 10, workers, waitSeconds: 60 });
  let hashed = 0;
  const flood = Array.from({ length: 3 * poolThreads }, async () => {
    await passwords.hash('right password');
    hashed += 1;
  });
  await tokens.check(await tokens.issue(holder));
  assert.deepEqual([hashed, passwords.working], [0, workers]);
  const stopped = passwords.stop();
  await Promise.allSettled(flood);
  await stopped;
});
