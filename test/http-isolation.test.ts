import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { updateOrganization } from '../src/organizations/update.ts';
import type { Engine } from './contract/engine.ts';
import { engines } from './engines.ts';
import type { Answer } from './http-documents/calls.ts';
import { type DocumentsGround, levels, openDocuments } from './http-documents/ground.ts';
import {
  type ApiCall,
  bodyVariants,
  filled,
  guardedCalls,
  queryVariants,
  tenantCalls,
  type Values,
} from './http-isolation/calls.ts';
import {
  type Attacker,
  type Attempt,
  absentFor,
  assertSilent,
  attempt,
  everythingOf,
  makeAttacker,
  type Stocked,
  shown,
  stockVictim,
  victimsKey,
} from './http-isolation/ground.ts';
import { byTest, signIn, signUp } from './tenancy.ts';

const operator = 'o'.repeat(32);

/** Who attacks whom. */
interface Pair {
  readonly ground: DocumentsGround;
  readonly attacker: Attacker;
  readonly victim: Stocked;
  /** Values that nobody has. */
  readonly absent: Values;
  /** What was asked of the store so far, in order. */
  readonly storeCalls: string[];
}

/** Which levels attack which: all, or where that would take long, each another one, and those who share their rows. */
function areTried({ share }: Engine, attacker: number, victim: number): boolean {
  const pooled = levels.indexOf('pooled');
  return share === 1 || (attacker + 1) % levels.length === victim || (attacker === pooled && victim === pooled);
}

/** Attackers and victims at every level, each with each. The victims are found as they were at the end. */
async function withPairs(engine: Engine, attack: (pair: Pair) => Promise<void>): Promise<void> {
  const storeCalls: string[] = [];
  const onStoreCall = (call: string) => void storeCalls.push(call);
  await using ground = await openDocuments({ engine, level: 'collection' }, { isMixed: true, onStoreCall });
  const victims: Stocked[] = [];
  const attackers: Attacker[] = [];
  for (const level of levels) {
    victims.push(await stockVictim(ground, level));
    attackers.push(await makeAttacker(ground, level));
  }
  const before: string[][] = [];
  for (const victim of victims) before.push(await everythingOf(ground, victim));
  for (const [one, attacker] of attackers.entries()) {
    for (const [other, victim] of victims.entries()) {
      if (areTried(engine, one, other)) {
        await attack({ ground, attacker, victim, absent: absentFor(victim), storeCalls });
      }
    }
  }
  for (const [place, victim] of victims.entries()) {
    assert.deepEqual(await everythingOf(ground, victim), before[place], `${victim.tenant.name} is as it was`);
  }
}

/** One thing that is tried twice: with what is the victim's, and with what is nobody's. */
interface Trial<Value> {
  readonly what: string;
  readonly at: (value: Value) => Attempt;
  readonly foreign: Value;
  readonly absent: Value;
  /** What the caller itself put in. */
  readonly given?: readonly string[];
}

/**
 * Fails unless both answers are the same to the byte, but for what the caller had put in, and the store was asked the same for
 * both: what is the same work takes the same time.
 */
async function compare<Value>({ ground, attacker, victim, storeCalls }: Pair, trial: Trial<Value>): Promise<Answer> {
  const { what, at, foreign, absent, given = [] } = trial;
  const answers: Answer[] = [];
  const asked: string[][] = [];
  for (const value of [foreign, absent]) {
    storeCalls.length = 0;
    const answer = await attempt(ground, at(value));
    asked.push([...storeCalls]);
    answers.push(answer);
    if (answer.status < 300 && at(value).call.method !== 'GET') await attacker.restore();
  }
  const [one, other] = answers as [Answer, Answer];
  const name = `${at(foreign).call.name}, ${what}, from ${attacker.level} to ${victim.level}`;
  assert.equal(shown(one, given), shown(other, given), name);
  assert.ok((asked[0]?.length ?? 0) > 0, `${name}: the store was asked`);
  assert.deepEqual(asked[0], asked[1], `${name}: what was asked of the store`);
  assertSilent(one, victim, given);
  return one;
}

/** Who makes a call within the attacker's organization: its admin and the operator, who has asked for this one. */
function callersOf({ access }: ApiCall, { tenant }: Attacker): string[] {
  return access === 'operator' ? [operator] : [tenant.token, operator];
}

for (const engine of engines) {
  describe(`isolation on the ${engine.name} engine`, { timeout: 300_000 }, () => {
    for (const level of levels) {
      test(`at level ${level} each call does for its own admin, or the operator, what it is for`, async () => {
        await using ground = await openDocuments({ engine, level });
        const self = await makeAttacker(ground, level);
        for (const call of tenantCalls) {
          const variants = bodyVariants(call);
          const news = { ...self.values, collection: 'another' };
          const bodies = variants.length > 0 ? variants.map((variant) => variant.with(news, news)) : [undefined];
          for (const body of bodies) {
            const [token] = callersOf(call, self);
            const answer = await attempt(ground, { call, path: filled(call, self.values), token, body });
            assert.ok(answer.status < 300, `${call.name} ${JSON.stringify(body)}: ${answer.text.slice(0, 500)}`);
            if (call.method !== 'GET') await self.restore();
          }
        }
      });
    }

    test('without a live token no call tells anything, and the same of what is there and what is not', async () => {
      await using ground = await openDocuments({ engine, level: 'collection' });
      const victim = await stockVictim(ground, 'collection');
      const dead = await deadTokens(ground, victim);
      for (const call of guardedCalls) {
        const answers = new Set<string>();
        for (const values of [victim.values, absentFor(victim)]) {
          for (const token of [undefined, ...dead]) {
            const answer = await attempt(ground, { call, path: filled(call, values), token });
            assert.equal(answer.status, 401, `${call.name}: ${answer.text}`);
            answers.add(shown(answer, []));
          }
        }
        assert.equal(answers.size, 1, call.name);
      }
    });

    test("another's organization is for an admin as one that is not there, by every name for it", () =>
      withPairs(engine, async (pair) => {
        const { attacker, victim, absent } = pair;
        const { id, name } = victim.tenant;
        const nobody = name.replace('Victim', 'Nobody');
        const names = [
          [id, absent.organization],
          [name, nobody],
          [name.toUpperCase(), nobody.toUpperCase()],
          [` ${name.replace(' ', '  ')}`, ` ${nobody.replace(' ', '  ')}`],
        ] as const;
        for (const call of tenantCalls) {
          const at = (organization: string): Attempt => ({
            call,
            path: filled(call, { ...victim.values, organization }),
            token: attacker.tenant.token,
          });
          for (const [theirs, nobodys] of names) {
            const answer = await compare(pair, { what: theirs, at, foreign: theirs, absent: nobodys });
            const code = call.access === 'operator' ? 'route_not_found' : 'organization_not_found';
            assert.deepEqual([answer.status, answer.body['code']], [404, code], call.name);
          }
        }
      }));

    test("another's collections and documents are in one's own organization as what is not there", () =>
      withPairs(engine, async (pair) => {
        const { attacker, victim, absent } = pair;
        for (const call of tenantCalls) {
          const names = call.parameters.filter((name) => name !== 'organization') as (keyof Values)[];
          const choices =
            names.length > 1 ? [names, ...names.map((name) => [name])] : [names].filter(([first]) => first);
          for (const chosen of choices) {
            for (const caller of callersOf(call, attacker).keys()) {
              const at = (values: Values): Attempt => {
                const given = Object.fromEntries(chosen.map((name) => [name, values[name]]));
                const path = filled(call, { ...attacker.values, ...given });
                return { call, path, token: callersOf(call, attacker)[caller] };
              };
              const given = chosen.flatMap((name) => [victim.values[name], absent[name]]);
              await compare(pair, { what: chosen.join(), at, foreign: victim.values, absent, given });
            }
          }
        }
      }));

    test("another's ids and tags in a query or a body are as those that are not there", () =>
      withPairs(engine, async (pair) => {
        const { attacker, victim, absent } = pair;
        if (engine.share < 1 && attacker.level !== 'pooled') return;
        const given = [victim, { values: absent }].flatMap(({ values }) =>
          Object.values(values).map((value) => value.replaceAll('"', '')),
        );
        for (const call of tenantCalls) {
          const own = (): Attempt => {
            const [token] = callersOf(call, attacker);
            return { call, path: filled(call, attacker.values), token };
          };
          for (const variant of bodyVariants(call)) {
            const at = (values: Values): Attempt => ({ ...own(), body: variant.with(values, attacker.values) });
            await compare(pair, { what: variant.what, at, foreign: victim.values, absent, given });
          }
          for (const { parameter, value } of queryVariants(call)) {
            const at = (values: Values): Attempt => ({ ...own(), path: `${own().path}?${parameter}=${values[value]}` });
            await compare(pair, { what: `?${parameter}`, at, foreign: victim.values, absent, given });
          }
        }
      }));

    test("another's tags, keys and cursors are as those that nobody has", () =>
      withPairs(engine, async (pair) => {
        const { attacker, victim, absent } = pair;
        // What a header holds is the edge's affair, whatever the levels; where rows are shared there is most to confuse.
        if (attacker.level !== victim.level || (engine.share < 1 && attacker.level !== 'pooled')) return;
        for (const call of tenantCalls) {
          const own = (): Attempt => {
            const [token] = callersOf(call, attacker);
            return { call, path: filled(call, attacker.values), token };
          };
          for (const [what, foreign, nobodys] of headersFor(call, victim, absent)) {
            const at = (headers: Headers): Attempt => ({ ...own(), headers });
            await compare(pair, { what, at, foreign, absent: nobodys });
          }
          for (const cursor of call.method === 'GET' ? victim.cursors : []) {
            // A cursor is of one collection, which both have.
            const path = filled(call, { ...attacker.values, collection: 'default' });
            const at = (given: string): Attempt => ({ ...own(), path: `${path}?cursor=${given}` });
            const changed = `${cursor.startsWith('A') ? 'B' : 'A'}${cursor.slice(1)}`;
            await compare(pair, { what: 'cursor', at, foreign: cursor, absent: changed, given: [cursor, changed] });
          }
        }
      }));
  });
}

/** Tokens that were good, or look as if they were. */
async function deadTokens(ground: DocumentsGround, victim: Stocked): Promise<string[]> {
  const { tenancy, clock } = ground.edge.opened;
  const gone = await ground.tenant('Gone');
  assert.equal((await gone.send('DELETE', '')).status, 200);
  const renewed = await signUp(tenancy, 'Renewed');
  const password = 'another password';
  await updateOrganization(tenancy, renewed.caller, { organization_name: 'Renewed', password }, byTest);
  clock.pass(31 * 60_000);
  const live = await signIn(tenancy, renewed.email, password);
  const unsigned = `${live.token.split('.').slice(0, 2).join('.')}.`;
  return ['', `${operator}o`, operator.slice(1), 'a.b.c', victim.tenant.token, gone.token, renewed.token, unsigned];
}

type Headers = Readonly<Record<string, string>>;

/** What is tried of header fields: what it is, the victim's and nobody's. */
function headersFor({ method }: ApiCall, { values }: Stocked, absent: Values): (readonly [string, Headers, Headers])[] {
  const tags = (['if-match', 'if-none-match'] as const).map(
    (name) => [name, { [name]: values.etag }, { [name]: absent.etag }] as const,
  );
  if (method !== 'POST') return tags;
  const key = (value: string) => ({ 'idempotency-key': value });
  return [...tags, ['idempotency-key', key(victimsKey), key(victimsKey.replace('victim', 'nobody'))]];
}
