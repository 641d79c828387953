import assert from 'node:assert/strict';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { request } from 'node:http';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { makeSecret } from '../src/identity/secret.ts';
import { isBegin, lacking } from './documentation/commands.ts';
import { blocksOf, readPage, root, type Shown } from './documentation/page.ts';
import { type Browser, openBrowser } from './guide/browser.ts';
import { type Ground, openGround } from './guide/ground.ts';
import { commandsWithAnswers, withoutChance } from './guide/printed.ts';
import { openTodoPage } from './guide/todo-page.ts';
import { missing } from './mongodb/address.ts';
import { scratchDatabase } from './mongodb/scratch.ts';
import { call, signUp } from './service/calls.ts';

const guide = readPage('docs/guide.md');
const example = 'node examples/todo/server.js\n';
const noCurl = await lacking('curl');
const noBrowser = await lacking('chromium');
let browser: Browser;

before(async () => {
  if (noBrowser === false) browser = await openBrowser();
});

after(() => browser?.[Symbol.asyncDispose]());

test('every command of the guide, one after the other, prints what stands below it', {
  skip: noCurl || noBrowser,
}, async () => {
  await using ground = await openGround();
  for (const shown of commandsWithAnswers(guide)) {
    if (isBegin(shown)) continue;
    if (shown.command.endsWith('npm start\n')) await ground.restart(shown.command);
    else assert.equal(withoutChance(await printed(ground, shown)), withoutChance(shown.answer ?? ''), shown.command);
  }
});

async function printed(ground: Ground, { command }: Shown): Promise<string> {
  if (command !== example) return await ground.paste(command);
  const { said, url } = await ground.startExample(command);
  await doAsTheGuideSays(url);
  return said;
}

/** What is to be done in the browser, between two commands. */
async function doAsTheGuideSays(url: string): Promise<void> {
  const ada = await openTodoPage(browser, url);
  await ada.enter('log-in', { email: 'ada@acme.example', password: 'correct horse battery' });
  const open = { customer: 'Acme', message: '', todos: ['Call the printer', 'Buy anvils'] };
  assert.deepEqual(await ada.look(), open);
  await ada.tick('Buy anvils');
  assert.deepEqual(await ada.look(), { ...open, todos: ['Call the printer', 'x Buy anvils'] });
  const reader = await openTodoPage(browser, url);
  await reader.enter('sign-up', { company: 'Umbrella', email: 'me@umbrella.example', password: 'a password of mine' });
  assert.deepEqual(await reader.look(), { customer: 'Umbrella', message: '', todos: [] });
  await reader.add('Buy umbrellas');
  assert.deepEqual((await reader.look()).todos, ['Buy umbrellas']);
}

for (const page of ['docs/documents.md', 'docs/events.md']) {
  test(`the commands of ${page} print what stands below them`, { skip: noCurl }, async () => {
    await using ground = await openGround();
    await assertAnswers(ground, page);
  });

  test(`the commands of ${page} print the same on MongoDB`, { skip: noCurl || missing }, async () => {
    await using scratch = scratchDatabase();
    const { url, name } = scratch;
    await using ground = await openGround({ DATABASE_URL: url, DATABASE_NAME: name, SECRET: makeSecret() });
    await assertAnswers(ground, page);
  });
}

async function assertAnswers(ground: Ground, page: string): Promise<void> {
  for (const { command, answer = '' } of commandsWithAnswers(readPage(page))) {
    assert.equal(withoutChance(await ground.paste(command)), withoutChance(answer), command);
  }
}

test('the code that the guide shows is that of the example', () => {
  const source = readFileSync(join(root, 'examples', 'todo', 'server.js'), 'utf8');
  const shown = blocksOf(guide).filter(({ language }) => language === 'js');
  assert.ok(shown.length > 0);
  assert.deepEqual(
    shown.filter(({ text }) => !source.includes(text.trim())),
    [],
  );
});

test('two customers each see their own to-dos, and markup in one stays text', { skip: noBrowser }, async () => {
  await using ground = await openGround();
  const { url } = await ground.startExample(example);
  const [acme, globex] = await Promise.all(
    ['acme', 'globex'].map(async (company) => {
      const person = await openTodoPage(browser, url);
      const { email, password } = signUp(company);
      await person.enter('sign-up', { company, email, password });
      await person.add(`<img src=x> ${company}`);
      return person;
    }),
  );
  assert.deepEqual(await acme?.look(), { customer: 'acme', message: '', todos: ['<img src=x> acme'] });
  assert.deepEqual(await globex?.look(), { customer: 'globex', message: '', todos: ['<img src=x> globex'] });
});

test('a to-do that somebody else has changed is not changed unseen, but shown anew', { skip: noBrowser }, async () => {
  await using ground = await openGround();
  const { url } = await ground.startExample(example);
  const { email, password } = signUp('acme');
  const first = await openTodoPage(browser, url);
  await first.enter('sign-up', { company: 'acme', email, password });
  await first.add('Buy anvils');
  const second = await openTodoPage(browser, url);
  await second.enter('log-in', { email, password });
  await second.tick('Buy anvils');
  await first.tick('Buy anvils');
  const told = { customer: 'acme', message: 'Somebody has changed it meanwhile', todos: ['x Buy anvils'] };
  assert.deepEqual(await first.look(), told);
  await first.tick('Buy anvils');
  assert.deepEqual(await first.look(), { ...told, message: '', todos: ['Buy anvils'] });
});

test('no script can read the token, and no page of another site can use it', { skip: noBrowser }, async () => {
  await using ground = await openGround();
  const { url } = await ground.startExample(example);
  const { email, password } = signUp('acme');
  const person = await openTodoPage(browser, url);
  await person.enter('sign-up', { company: 'acme', email, password });
  assert.equal(await person.tab.evaluate('document.cookie'), '');
  const logIn = (type: string) => {
    const body = JSON.stringify({ email, password });
    return fetch(`${url}/log-in`, { method: 'POST', headers: { 'content-type': type }, body });
  };
  const field = (await logIn('application/json')).headers.get('set-cookie') ?? '';
  assert.match(field, /^token=[\w.-]+; Path=\/; HttpOnly; SameSite=Strict$/);
  // What a form can send from anywhere.
  for (const type of ['text/plain', 'application/x-www-form-urlencoded']) assert.equal((await logIn(type)).status, 415);
  const policy = (await fetch(url)).headers.get('content-security-policy') ?? '';
  assert.match(policy, /^default-src 'none'; script-src 'self';/);
});

test("another customer's to-do is not there, whatever is sent", { skip: noCurl }, async () => {
  await using ground = await openGround();
  const { url } = await ground.startExample(example);
  const ask = async (company: string, [method, path]: readonly [string, string], body: object = {}) => {
    const headers = { 'content-type': 'application/json', cookie: cookies.get(company) ?? '' };
    return await fetch(`${url}/${path}`, { method, headers, ...(method !== 'GET' && { body: JSON.stringify(body) }) });
  };
  const cookies = new Map<string, string>();
  for (const company of ['acme', 'globex']) {
    const { email, password } = signUp(company);
    const signedUp = await ask(company, ['POST', 'sign-up'], { company, email, password });
    cookies.set(company, signedUp.headers.get('set-cookie')?.split(';')[0] ?? '');
  }
  const { id } = (await (await ask('acme', ['POST', 'todos'], { title: 'Buy anvils' })).json()) as { id: string };
  const foreign = [
    `todos/${id}`,
    `todos/..%2F..%2F..%2Facme%2Fcollections%2Ftodos%2Fdocuments%2F${id}`,
    'todos/',
    'todos',
  ];
  for (const path of foreign) {
    assert.equal((await ask('globex', ['DELETE', path])).status, 404, path);
    assert.equal((await ask('globex', ['PATCH', path], { done: true, version: 1 })).status, 404, path);
  }
  const claims = { organization_name: 'acme', organization_id: 'acme' };
  cookies.set('forger', `token=e30.${Buffer.from(JSON.stringify(claims)).toString('base64url')}.e30`);
  assert.equal((await ask('forger', ['GET', 'todos'])).status, 401);
  const { todos } = (await (await ask('acme', ['GET', 'todos'])).json()) as { todos: object[] };
  assert.deepEqual(todos, [{ id, version: 1, title: 'Buy anvils', done: false }]);
});

test('what is no id of a to-do does not become the path of another call', { skip: noCurl }, async () => {
  await using ground = await openGround();
  const { url } = await ground.startExample(example);
  const { email, password } = signUp('acme');
  const json = { 'content-type': 'application/json' };
  const body = JSON.stringify({ company: 'acme', email, password });
  const signedUp = await fetch(`${url}/sign-up`, { method: 'POST', headers: json, body });
  const headers = { ...json, cookie: signedUp.headers.get('set-cookie')?.split(';')[0] ?? '' };
  // A URL has a slash for each backslash, so that this would be the collection itself.
  const asked = request(url, {
    method: 'DELETE',
    path: '/todos/..\\..\\todos',
    headers: { ...headers, 'content-length': 2 },
  }).end('{}');
  const [{ statusCode }] = await once(asked, 'response');
  assert.equal(statusCode, 404);
  assert.equal((await fetch(`${url}/todos`, { headers })).status, 200);
});

test('what is wrong is told in words, and who logged out sees nothing any more', { skip: noBrowser }, async () => {
  await using ground = await openGround();
  const { url } = await ground.startExample(example);
  const person = await openTodoPage(browser, url);
  const { email, password } = signUp('acme');
  await person.enter('log-in', { email, password });
  assert.equal((await person.look()).message, 'Invalid email or password');
  await person.enter('sign-up', { company: 'acme', email, password });
  await person.add('Buy anvils');
  await person.logOut();
  assert.deepEqual(await person.look(), { customer: '', message: '', todos: [] });
  assert.equal((await call(url, ['GET', '/todos'])).status, 401);
});
