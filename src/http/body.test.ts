import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setImmediate as turnOfLoop } from 'node:timers/promises';
import { parseJsonBody } from './body.ts';
import { createOrganizationTurns, type Turn } from './organization-turns.ts';
import { EdgeError } from './problems.ts';

/** What the parser makes of a body: its value, or the code of its refusal. */
function read(text: string, turn?: Turn): Promise<unknown> {
  const request = { headers: { 'content-type': 'application/json' }, organization: { id: 'org_a' }, turn };
  return new Promise((resolve, reject) => {
    const parse = parseJsonBody as (
      request: object,
      bytes: Buffer,
      done: (error: unknown, body: unknown) => void,
    ) => void;
    parse(request, Buffer.from(text), (error, body) => (error === null ? resolve(body) : reject(error)));
  });
}

const filler = 'x'.repeat(9_000);
const elements = Array.from({ length: 12 }, (_, number) => JSON.stringify({ number, filler, list: [number, [], {}] }));

const members = elements.map((element, number) => `"m${number}":${element}`).join(',');

test('a long body is read as a short one is: the same value, and nothing accepted that is not JSON', async () => {
  const list = elements.join(' , ');
  const right = [
    `{"operations":[${list}]}`,
    ` {"before":{"a":[1]},"operations": [ ${list} ] ,"after":[${list}],"last":"]"} `,
    `{"__proto__":[${list}],"constructor":[1,2]}`,
    `{"first":[],"operations":[${list}],"between":{"list":[1]},"other":[${list}],"last":[1]}`,
    `{"operations":{"list":[${list}]}}`,
    `[[${list}],[${list}]]`,
    `{"a":"${filler}${filler}","b":[]}`,
    `[{"a":{"b":[[${list}],{"c":{${members}}},[${list}]],"d":{${members}}}},[[[${list}]]]]`,
    `{"__proto__":{${members},"__proto__":{${members}}},"":{"":{${members}},"a":[]},"9":[${list}],"1":[${list}]}`,
    JSON.stringify({ text: `[,${filler}",${filler}\\],[`, list: [filler, '],[', filler, ',', filler] }),
  ];
  for (const text of right) {
    const body = await read(text);
    assert.deepEqual(body, JSON.parse(text));
    assert.equal(JSON.stringify(body), JSON.stringify(JSON.parse(text)), 'the members are in another order');
    assert.equal(Object.getPrototypeOf(body), Object.getPrototypeOf(JSON.parse(text)));
  }
  const wrong = [
    `{"operations":[${list},]}`,
    `{"a":{${members},}}`,
    `{"a":{${members},,${members}}}`,
    `{"a":{${members},"b":{,"c":1}}}`,
    `{"a":{${members},"b":,"c":1}}`,
    `{"a":{${members},[],"c":1}}`,
    `{"a":{${members},"b":[,1]}}`,
    `{"a":[{${members}],"b":{"c":1}}}`,
    `[[${list}],[ ,${list}]]`,
    `[[${list}],[[[${list}],],1]]`,
    `[[${list}}]`,
    `[[${list}]],[${list}]`,
    `[${list}][${list}]`,
    `{"operations":[,${list}]}`,
    `{"a":[${list}],"b":[${list},]}`,
    `{"a":[${list}],"b":[${list}}]`,
    `{"a":[${list}]} {"b":[${list}]}`,
    `{"a":[${list}]],"b":[${list}]}`,
    `{"operations":[${elements.join(',,')}]}`,
    `{"operations":[${elements.join(' ')}]}`,
    `{"operations":[${list}}`,
    `{"operations":[${list}}]`,
    `{"operations":[${list}]`,
    `{"operations":[${list}]}]`,
    `{"operations":[${list}]]}`,
    `{"operations":[${list}],}`,
    `{"operations"[${list}]}`,
    `{"operations":[${elements.slice(1).join('],[')}]}`,
    `{"operations":[${list},${' '.repeat(40_000)}]}`,
    `{"operations":[${list},${' '.repeat(40_000)},1]}`,
  ];
  for (const text of wrong) {
    assert.throws(() => JSON.parse(text), text.slice(0, 40));
    const body = await read(text);
    assert.equal((body as { code?: string }).code, 'body_unreadable', text.slice(-40));
  }
});

test('whatever character of a long body is lost or changed, it is read as JSON.parse reads it', async () => {
  const half = elements.slice(6).join(',');
  for (const text of [
    `{"a":[${elements.join(',')}],"b":[1]}`,
    `[[{"a":{${members},"c":[{},[${half}],[]],"b":1}}],{}]`,
  ]) {
    const structure = [...text.matchAll(/[[\]{},:"]/g)].map(({ index }) => index);
    for (const at of structure.filter((_, number) => number % 5 === 0 || number > structure.length - 12)) {
      for (const put of ['', ',', ']', '}', '[']) {
        const changed = text.slice(0, at) + put + text.slice(at + 1);
        const expected = parsedOrNot(changed);
        const body = await read(changed);
        if (expected !== undefined) assert.deepEqual(body, expected);
        else assert.equal((body as Error).name, 'EdgeError');
      }
    }
  }
});

function parsedOrNot(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

test('between the parts of long bodies others have their turn of the event loop, and a short one waits for none', async () => {
  const all = Array.from({ length: 4 }, () => read(`{"operations":[${elements.join(',')}]}`));
  let turns = 0;
  let isDone = false;
  const done = Promise.all(all).then(() => {
    isDone = true;
  });
  while (!isDone) {
    await turnOfLoop();
    turns += 1;
  }
  await done;
  // Each is decoded, scanned and parsed in slices of its own.
  assert.ok(turns >= 12, String(turns));
  let body: unknown;
  read('{"a":1}').then((value) => {
    body = value;
  }, assert.ifError);
  await Promise.resolve();
  assert.deepEqual(body, { a: 1 });
});

test('a long body is parsed in parts, whatever it is made of', async (context) => {
  const list = elements.join(',');
  const parsed = context.mock.method(JSON, 'parse');
  for (const text of [
    `{"x":[],"operations":[${list}]}`,
    `{"x":[${list}],"operations":[${list}]}`,
    `{"x":{"a":[1]},"y":[[1]],"operations":[${list}],"z":[]}`,
    `{${members}}`,
    `[{"a":[{"b":{${members}}}]},[[${list}]]]`,
    `{${Array.from({ length: 20 }, (_, number) => `"a${number}":[${elements[0]}]`).join(',')}}`,
  ]) {
    parsed.mock.resetCalls();
    await read(text);
    const lengths = parsed.mock.calls.map(({ arguments: [part] }) => part.length);
    assert.ok(Math.max(...lengths) < 30_000, lengths.join());
  }
});

test('a body whose caller has hung up is read to its end in the turn of its request, and none is begun after', async () => {
  const turns = createOrganizationTurns(1);
  const text = `{"operations":[${elements.join(',')}]}`;
  const turn = await turns.take('a');
  const body = read(text, turn);
  let begun = 0;
  const next = turns.take('a').then((taken) => {
    begun += 1;
    return taken;
  });
  turn.end();
  // It is decoded, scanned and parsed in a turn of the loop each.
  for (let count = 0; count < 2; count += 1) await turnOfLoop();
  assert.equal(begun, 0);
  assert.deepEqual(await body, JSON.parse(text));
  (await next).end();
  const refused = await read(text, turn);
  assert.ok(refused instanceof EdgeError && refused.code === 'bad_request');
});
