import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { setImmediate as turnOfLoop } from 'node:timers/promises';
import type { FastifyRequest } from 'fastify';
import { operator } from '../access/principal.ts';
import { repeatable } from './idempotency.ts';

const documents = '/v1/organizations/:organization/collections/:collection/documents';

function requestTo(url: string, organization?: { readonly id: string }): FastifyRequest {
  const params = organization && { organization: 'Acme', collection: 'users' };
  const request = {
    headers: { 'idempotency-key': 'k' },
    method: 'POST',
    routeOptions: { url },
    params: params ?? {},
    organization,
  };
  return request as unknown as FastifyRequest;
}

async function digestTo(url: string, asked: object, organization?: { readonly id: string }): Promise<string> {
  return (await repeatable(requestTo(url, organization), operator, asked)).request;
}

describe('the digest of a call with a key', () => {
  test('is the one that former versions kept, which what was sent to them is compared with', async () => {
    const acme = { id: 'org_1' };
    const batch = `${documents}/batch`;
    const document = { t: 'a "quoted" \\ ż 😀 \n \u2028', n: [1, 1.5, null, true, { a: {} }] };
    const operations = [
      { op: 'delete', id: 'a' },
      { op: 'insert', document: { text: '"😀"\\' } },
      { op: 'insert', id: 'ż', document: {} },
    ];
    const created = { name: 'A', email: 'a@b', placement: undefined };
    assert.deepEqual(
      await Promise.all([
        digestTo(batch, [], acme),
        digestTo(batch, {}, acme),
        digestTo(batch, document, acme),
        digestTo(batch, operations, acme),
        digestTo('/v1/organizations', created),
      ]),
      [
        'f73a9b880d06427c3f0df7f85f08adc653fdd69f95f4fbaefb35647fe4f2ffce',
        '491f511a7d0b6c05cada0319a6960c25cc0bce1e16fc5c066d12f4077df833aa',
        'cb88304ca4ec670117637acb1c97d5fa87ae918e3c0dd93ed62ae352f530586a',
        'cc0ff38f04606b14c5b2aa2cf276146b8125bc604f90cecdb7a5d0c0e5c605eb',
        '27bf298f664a61c45463813fd26d9dbccc86e20fea224fcd823ad35f0c7e71cb',
      ],
    );
  });

  test('of a large batch is made while others have their turns', async () => {
    const text = 'x'.repeat(8_000);
    const operations = Array.from({ length: 1_000 }, (_, number) => ({ op: 'insert', document: { number, text } }));
    let isMade = false;
    const making = digestTo(`${documents}/batch`, operations, { id: 'org_1' }).finally(() => {
      isMade = true;
    });
    let turns = 0;
    while (!isMade) {
      await turnOfLoop();
      turns += 1;
    }
    await making;
    assert.ok(turns > 10, `${turns} turns of the event loop`);
  });
});
