import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { type ProblemCode, problemKinds } from '../src/http/problems.ts';
import { buildServer } from '../src/http/server.ts';
import { assertAnswered, assertTold, assertValid, withoutChance } from './openapi/assertions.ts';
import { callNamed, calls, document, type ToldAnswer, type ToldCall } from './openapi/document.ts';
import { edgeOf, listen, type Received, send } from './openapi/ground.ts';
import { provocationOf } from './openapi/provocations.ts';
import { type Standing, stand } from './openapi/standing.ts';
import { wellFormed } from './openapi/well-formed.ts';
import { openTenancy, type TestTenancy } from './tenancy.ts';

const codes = (Object.keys(problemKinds) as ProblemCode[]).sort();

/** Each call has a store of its own, with threads of its own: all at once they would wait for each other. */
const atOnce = { concurrency: 8 } as const;

/** Pages bring their own files, which are no calls. */
const partsOfPages = /^\/(?:docs|redoc)\/./;

/** Faults that cannot be provoked: nothing is asked by this call that could fail. */
const unprovoked = new Set(['GET /health/live internal']);

test('the document tells of every route of the server, and of no other', async () => {
  await using opened = await openTenancy();
  const server = buildServer(edgeOf(opened));
  await server.ready();
  const routes = routesIn(server.printRoutes({ commonPrefix: false })).filter(
    (route) => !partsOfPages.test(route.path),
  );
  const told = calls.map(({ name }) => name).sort();
  assert.deepEqual(routes.map(({ method, path }) => `${method} ${path}`).sort(), told);
  await server.close();
});

test('every code is told of, and where a call may fail with it the document says so', () => {
  assert.deepEqual(Object.keys(document.components['responses'] ?? {}).sort(), codes);
  const told = new Set<string>(calls.flatMap(({ problems }) => problems.map(({ code }) => code)));
  // No call has it: it is the answer to another method than the path has.
  assert.deepEqual(
    codes.filter((code) => !told.has(code)),
    ['method_not_allowed'],
  );
});

test('every example of a body and of an answer is what its schema says', () => {
  for (const { name, body, success, otherSuccess = success, problems } of calls) {
    for (const example of body?.examples ?? []) assertValid(body?.schema ?? {}, example, `the body of ${name}`);
    for (const { mediaType, schema, example } of [success, otherSuccess]) {
      assert.equal(example !== undefined, mediaType !== undefined, `${name} has an example of its answer`);
      if (example !== undefined) assertValid(schema, example, `the answer of ${name}`);
    }
    for (const { schema, example, code } of problems) assertValid(schema, example, `${code} of ${name}`);
  }
});

describe('each example is called, and answered as the document says:', atOnce, () => {
  for (const call of calls) {
    test(call.name, async () => {
      await using opened = await openTenancy();
      const standing = await stand(opened, call);
      await using listening = await listen(opened);
      const { success } = call;
      const received = await send(listening.port, wellFormed(call, standing));
      assertAnswered(received, success, call);
    });
  }
});

test('what succeeds in another way is answered as the document says', async () => {
  const ways = calls.filter(({ otherSuccess }) => otherSuccess !== undefined);
  assert.deepEqual(
    ways.map(({ method }) => method),
    ['PUT'],
  );
  for (const call of ways) {
    await using opened = await openTenancy();
    const sent = wellFormed(call, await stand(opened, call));
    await using listening = await listen(opened);
    await send(listening.port, { ...sent, method: 'DELETE' });
    const received = await send(listening.port, sent);
    assertAnswered(received, call.otherSuccess ?? call.success, call);
  }
});

test('a body may be of each media type that the document names', async () => {
  for (const call of calls.filter(({ body }) => body !== undefined && body.mediaTypes.length > 1)) {
    for (const mediaType of call.body?.mediaTypes ?? []) {
      await using opened = await openTenancy();
      const sent = wellFormed(call, await stand(opened, call));
      await using listening = await listen(opened);
      const headers = { ...sent.headers, 'content-type': mediaType };
      assertAnswered(await send(listening.port, { ...sent, headers }), call.success, call);
    }
  }
});

describe('each error that the document tells of a call is what the call answers:', atOnce, () => {
  for (const call of calls) {
    test(call.name, async (context) => {
      await using opened = await openTenancy();
      const standing = await stand(opened, call);
      const tries = call.problems.filter(({ code }) => !unprovoked.has(`${call.name} ${code}`));
      for (const problem of tries) {
        await context.test(problem.code, async () => {
          const { code } = problem;
          const received = provocationOf(code, call).alone
            ? await provokeAlone(call, code)
            : await provoke(opened, { call, code, standing });
          assertTold(received, problem);
          const answer = JSON.parse(received.text);
          assert.deepEqual(withoutChance(answer), withoutChance(problem.example));
          assert.equal(answer.request_id, received.headers['x-request-id']);
        });
      }
    });
  }
});

describe('whatever else a call is provoked with, its answer is in the document:', atOnce, () => {
  for (const call of calls) {
    test(call.name, async (context) => {
      await using opened = await openTenancy();
      const standing = await stand(opened, call);
      const told = new Set<ProblemCode>(['method_not_allowed', ...call.problems.map(({ code }) => code)]);
      // Where no body is read, the connection ends while it is still being sent, and may take the answer with it.
      if (call.body === undefined) told.add('body_too_large');
      for (const code of codes.filter((each) => !told.has(each))) {
        await context.test(code, async () => {
          const { status, text } = await provoke(opened, { call, code, standing });
          if (status === call.success.status || status === call.otherSuccess?.status) return;
          const answer: { code: string } = JSON.parse(text);
          const expected = call.problems.find((problem) => problem.code === answer.code);
          assert.equal(expected?.status, status, text);
        });
      }
    });
  }
});

test('what has a tag is answered 304 to whoever has it, and HEAD tells it, as the document says', async () => {
  await using opened = await openTenancy();
  await using listening = await listen(opened);
  const standing = await stand(opened, callNamed('GET /org/get'));
  for (const call of calls.filter(({ method }) => method === 'GET')) {
    const { mayBeKept, success, name } = call;
    const sent = wellFormed(call, standing);
    const { etag } = (await send(listening.port, sent)).headers;
    assert.deepEqual([etag !== undefined, 'ETag' in success.headers], [mayBeKept, mayBeKept], name);
    if (etag === undefined) continue;
    const headers = { ...sent.headers, 'if-none-match': String(etag) };
    const again = await send(listening.port, { ...sent, headers });
    assert.deepEqual([again.status, again.text], [304, ''], name);
    const head = await send(listening.port, { ...sent, method: 'HEAD' });
    assert.deepEqual([head.status, head.headers['etag'], head.text], [200, etag, ''], name);
  }
});

test('a method that a path does not have is answered as the document says', async () => {
  await using opened = await openTenancy();
  await using listening = await listen(opened);
  const response = document.components['responses']?.['method_not_allowed'] as {
    headers: ToldAnswer['headers'];
    content: Record<string, { examples: { method_not_allowed: { value: unknown } } }>;
  };
  const received = await send(listening.port, { method: 'PATCH', path: '/org/update', headers: {} });
  const mediaType = 'application/problem+json';
  assertTold(received, { status: 405, headers: response.headers, mediaType, schema: {} });
  const example = response.content[mediaType]?.examples.method_not_allowed.value;
  assert.deepEqual(withoutChance(JSON.parse(received.text)), withoutChance(example));
  assert.equal(received.headers['allow'], 'PUT');
});

test('an update to null is an update without that member, as the schema of its body says', async () => {
  await using opened = await openTenancy();
  const call = callNamed('PUT /org/update');
  const standing = await stand(opened, call);
  await using listening = await listen(opened);
  const body = { organization_name: 'Acme Corp', email: null, password: null, new_organization_name: null };
  assertValid(call.body?.schema ?? {}, body, 'nulls');
  const received = await send(listening.port, { ...wellFormed(call, standing), body: JSON.stringify(body) });
  const { organization_name, admin_email } = JSON.parse(received.text);
  assert.deepEqual([organization_name, admin_email], ['Acme Corp', 'ada@acme.example']);
});

/** The routes of a server, without the HEAD that each GET brings and the OPTIONS of CORS. */
function routesIn(tree: string): { method: string; path: string }[] {
  const parts: string[] = [];
  return tree.split('\n').flatMap((line) => {
    const {
      indent = '',
      part,
      methods = '',
    } = /^(?<indent>[│ ]*)[├└]── (?<part>\S+)(?: \((?<methods>[A-Z, ]+)\))?/.exec(line)?.groups ?? {};
    if (part === undefined) return [];
    parts.splice(indent.length / 4, parts.length, part);
    const path = parts.join('').replaceAll(/:(\w+)/g, '{$1}');
    return methods
      .split(', ')
      .filter((method) => !['', 'HEAD', 'OPTIONS'].includes(method))
      .map((method) => ({ method, path }));
  });
}

async function provokeAlone(call: ToldCall, code: ProblemCode): Promise<Received> {
  await using opened = await openTenancy();
  return await provoke(opened, { call, code, standing: await stand(opened, call) });
}

/** Makes a call fail with a code, where it can fail so. */
async function provoke(
  opened: TestTenancy,
  { call, code, standing }: { call: ToldCall; code: ProblemCode; standing: Standing },
): Promise<Received> {
  const { different, request, before } = provocationOf(code, call);
  await using listening = await listen(opened, different);
  const well = wellFormed(call, standing);
  if (before !== undefined) await send(listening.port, before(well));
  return await send(listening.port, { ...well, ...request?.(well, standing) });
}
