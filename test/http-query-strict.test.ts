import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { type Answer, assertRefused, type Method, send } from './http-documents/calls.ts';
import { type DocumentsGround, openDocuments, stages, type Tenant } from './http-documents/ground.ts';
import { calls, type ToldCall } from './openapi/document.ts';

const versioned = calls.filter(({ path }) => path.startsWith('/v1/'));
const inQuery = ({ parameters }: ToldCall) => parameters.filter((parameter) => parameter.in === 'query');
/** As grounds have it. */
const operatorToken = 'o'.repeat(32);

const [stage] = stages;
assert.ok(stage);

describe('the query of every call of version 1', () => {
  test('takes no parameter that is not in the document, and names it as it was sent', async () => {
    await using ground = await openDocuments(stage);
    const acme = await ground.tenant('Acme');
    assert.ok(versioned.length > 20);
    for (const call of versioned) {
      const methods = call.method === 'GET' ? ['GET', 'HEAD'] : [call.method];
      for (const method of methods) {
        const answer = await ask(ground, { ...call, method }, { acme, query: 'limt=5&%zz&LIMIT=5&limt=6&=' });
        if (method === 'HEAD') assert.equal(answer.status, 422, call.name);
        else assertRefused(answer, [422, 'invalid_value'], '?limt', '?%zz', '?LIMIT', '?');
      }
    }
    assert.equal((await acme.send('GET', '/collections')).status, 200);
  });

  test('takes each of its parameters once', async () => {
    await using ground = await openDocuments(stage);
    const acme = await ground.tenant('Acme');
    const taking = versioned.filter((call) => inQuery(call).length > 0);
    assert.ok(taking.length >= 5);
    for (const call of taking) {
      const twice = inQuery(call).map(({ name }) => `${name}=1&${name}=1`);
      const answer = await ask(ground, call, { acme, query: twice.join('&') });
      const pointers = inQuery(call).map(({ name }) => `?${name}`);
      assertRefused(answer, [422, 'invalid_value']);
      const errors = answer.body['errors'] as { pointer: string; detail: string }[];
      assert.deepEqual(errors.map(({ pointer }) => pointer).sort(), pointers.sort(), call.name);
      for (const { detail } of errors) assert.equal(detail, 'must be given once');
    }
  });

  test('may be empty, and have empty pairs', async () => {
    await using ground = await openDocuments(stage);
    const acme = await ground.tenant('Acme');
    for (const query of ['?', '?&', '?&limit=5&']) {
      assert.equal((await acme.send('GET', `/collections${query}`)).status, 200, query);
    }
  });

  test('is told of eight unknown parameters at most, each shortened', async () => {
    await using ground = await openDocuments(stage);
    const acme = await ground.tenant('Acme');
    const names = Array.from({ length: 20 }, (_, number) => `${'x'.repeat(500)}${number}`);
    const answer = await acme.send('GET', `/usage?${names.join('&')}`);
    assertRefused(answer, [422, 'invalid_value'], `?${'x'.repeat(100)}…`);
    assert.equal((answer.body['errors'] as unknown[]).length, 8);
  });
});

test('a query of the reference API may have parameters that it does not know', async () => {
  await using ground = await openDocuments(stage);
  await ground.tenant('Acme');
  const { server } = ground.edge;
  assert.equal((await server.inject('/org/get?organization_name=Acme&page=2&page=3')).statusCode, 200);
});

/** Makes a call as the operator, as its example is but for the query. */
function ask(
  { edge }: DocumentsGround,
  { method, path, body }: ToldCall,
  { acme, query }: { readonly acme: Tenant; readonly query: string },
): Promise<Answer> {
  const filled = path.replace('{organization}', acme.id).replace('{collection}', 'default').replace('{id}', 'a');
  const [mediaType] = body?.mediaTypes ?? [];
  return send(edge, [method as Method, `${filled}?${query}`], {
    token: operatorToken,
    body: body?.examples[0],
    ...(mediaType !== undefined && { headers: { 'content-type': mediaType } }),
  });
}
