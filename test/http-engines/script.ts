import { account, type Chapter, create, credentials, other, read, readNamed, remove, signIn, update } from './calls.ts';
import { documentChapters } from './script-documents.ts';
import { edges } from './script-edges.ts';
import { version1 } from './script-v1.ts';

const reading = account('ada', 'Ada Straße');
const taken = account('eve', 'Eve Ltd');
const anId = 'org_01jqv4zsx7e8p9rk3m2n5t6wbd';

const signUp: Chapter = [
  create(201, taken),
  create(400, taken),
  create(400, account('eve2', ' EVE  ltd ')),
  create(400, account('eve3', 'ＥＶＥ Ltd')),
  create(400, { ...taken, organization_name: 'Another', email: 'EVE@example.COM' }),
  create(422, { organization_name: 'ab', email: 'no email', password: 'short' }),
  create(422, account('long', 'x'.repeat(51))),
  create(201, account('long', 'x'.repeat(50))),
  create(201, account('three', '😀'.repeat(3))),
  create(422, account('id', anId)),
  create(422, account('control', 'two\nlines')),
  create(422, '{"organization_name":"half \\ud800","email":"half@example.com","password":"long enough"}'),
  create(422, '{"organization_name":"nul \\u0000","email":"nul@example.com","password":"long enough"}'),
  ...['', 'a', 'a@b@example.com', 'a b@example.com', `${'a'.repeat(300)}@example.com`].map((email) =>
    create(422, { ...account('email', 'Email'), email }),
  ),
  create(201, { ...account('bytes', 'Many Bytes'), password: 'ü'.repeat(60) }),
  signIn(200, credentials('bytes', 'ü'.repeat(60))),
  signIn(401, credentials('bytes', 'ü'.repeat(59))),
  create(422, { ...account('huge', 'Huge'), password: 'x'.repeat(1_025) }),
  create(422, {}),
  create(422, { ...account('more', 'More'), role: 'admin' }),
  create(422, { organization_name: 1, email: null, password: ['long enough'] }),
];

const spellings: Chapter = [
  create(201, reading),
  ...[
    'Ada Straße',
    ' ada  strasse ',
    'ADA STRASSE',
    'ada\u00a0straẞe',
    'ａｄａ ｓｔｒａｓｓｅ',
    '\ufeffAda Straße',
    'Ada\tStraße',
  ].map((name) => readNamed(200, name)),
  read(200, 'organization_name=ada+strasse'),
  read(200, 'organization_name=ada%20strasse&unknown=1&unknown=2'),
  read(200, '&&organization_name=Ada%20Stra%C3%9Fe&'),
  ...['Ada', 'Ada Strase', anId, 'x'.repeat(1_024), 'ab', '😀', '<script>', "' OR 1=1", '{"$ne":null}', '$where'].map(
    (name) => readNamed(404, name),
  ),
  read(404, 'organization_name=%20'),
  ...['', 'organization_name', 'organization_name=', 'organization_name=a&organization_name=a'].map((query) =>
    read(422, query),
  ),
  read(422, `organization_name=${'x'.repeat(1_025)}`),
  read(422, 'organization_name[$ne]=x'),
  read(422, 'organization_name=%00'),
  read(422, 'organization_name=%ff'),
  read(422, 'organization_name=%'),
  other(200, 'HEAD', '/org/get?organization_name=ADA%20STRASSE'),
  other(404, 'HEAD', '/org/get?organization_name=nobody'),
];

const logIn: Chapter = [
  create(201, account('grace', 'Grace Ltd')),
  signIn(200, credentials('grace')),
  signIn(200, { ...credentials('grace'), email: 'GRACE@EXAMPLE.com' }),
  signIn(401, credentials('grace', 'another password')),
  signIn(401, credentials('grace', 'THE PASSWORD OF GRACE')),
  signIn(401, credentials('grace', 'the password of grace ')),
  signIn(401, credentials('nobody')),
  signIn(401, credentials('nobody', '')),
  signIn(401, credentials('nobody', 'x'.repeat(1_024))),
  signIn(422, credentials('nobody', 'x'.repeat(1_025))),
  signIn(422, { ...credentials('grace'), email: 'grace' }),
  signIn(422, {}),
  signIn(422, { ...credentials('grace'), remember: true }),
  signIn(422, { email: { $ne: null }, password: { $ne: null } }),
  signIn(422, '{"email":'),
];

const updating: Chapter = [
  create(201, account('alan', 'Alan Ltd')),
  create(201, account('barbara', 'Barbara Ltd')),
  signIn(200, credentials('alan'), 'alan'),
  update(200, 'alan', { organization_name: 'alan ltd' }),
  update(200, 'alan', { organization_name: 'alan ltd', email: null, password: null, new_organization_name: null }),
  update(200, 'alan', { organization_name: 'alan ltd', new_organization_name: 'ALAN Ltd' }),
  update(200, 'alan', { organization_name: 'alan ltd', new_organization_name: 'ALAN Ltd' }),
  update(400, 'alan', { organization_name: 'alan ltd', new_organization_name: 'barbara ltd' }),
  update(400, 'alan', { organization_name: 'alan ltd', email: 'Barbara@example.com' }),
  update(400, 'alan', {
    organization_name: 'alan ltd',
    email: 'barbara@example.com',
    new_organization_name: 'Barbara Ltd',
  }),
  update(200, 'alan', { organization_name: 'alan ltd', email: 'Alan@example.com' }),
  update(200, 'alan', { organization_name: 'alan ltd', new_organization_name: 'Turing', email: 'turing@example.com' }),
  readNamed(404, 'Alan Ltd'),
  readNamed(200, 'turing'),
  signIn(401, credentials('alan')),
  signIn(200, credentials('turing', 'the password of alan'), 'turing'),
  update(404, 'turing', { organization_name: 'Alan Ltd' }),
  create(201, account('alan', 'Alan Ltd')),
  update(200, 'turing', { organization_name: 'Turing', password: 'a new password' }),
  update(401, 'turing', { organization_name: 'Turing' }),
  update(401, 'alan', { organization_name: 'Turing' }),
  signIn(401, credentials('turing', 'the password of alan')),
  signIn(200, credentials('turing', 'a new password'), 'turing'),
  update(422, 'turing', { organization_name: 'Turing', new_organization_name: 'ab', email: 'x', password: 'short' }),
  update(422, 'turing', { email: 'turing2@example.com' }),
  update(422, 'turing', { organization_name: null }),
  update(422, 'turing', { organization_name: 'Turing', collection_name: 'org_mine' }),
  update(404, 'turing', { organization_name: '😀'.repeat(1_024) }),
  update(422, 'turing', { organization_name: '😀'.repeat(1_025) }),
  signIn(200, credentials('barbara')),
];

const withToken = (authorization: string) => ({
  headers: { authorization },
  body: { organization_name: 'Edsger Ltd' },
});
/** `{"alg":"none"}` and claims, unsigned; and the same with a signature that nobody made. */
const unsigned = 'eyJhbGciOiJub25lIn0.eyJzdWIiOiJ1c3JfMSJ9.';
const forged = `eyJhbGciOiJFZERTQSIsImtpZCI6IngifQ.eyJzdWIiOiJ1c3JfMSJ9.${'A'.repeat(86)}`;

const authorization: Chapter = [
  create(201, account('edsger', 'Edsger Ltd')),
  create(201, account('donald', 'Donald Ltd')),
  signIn(200, credentials('edsger'), 'edsger'),
  signIn(200, credentials('donald'), 'donald'),
  other(401, 'PUT', '/org/update', { body: { organization_name: 'Edsger Ltd' } }),
  other(401, 'PUT', '/org/update', { body: '{' }),
  other(401, 'PUT', '/org/update', { body: 'x', headers: { 'content-type': 'text/plain' } }),
  other(401, 'DELETE', '/org/delete?organization_name=Edsger%20Ltd'),
  other(401, 'DELETE', '/org/delete'),
  ...[
    '',
    'Bearer',
    'Bearer x',
    'Basic YTpi',
    `Bearer ${unsigned}`,
    `Bearer ${forged}`,
    `Bearer ${forged} ${forged}`,
  ].map((value) => other(401, 'PUT', '/org/update', withToken(value))),
  update(200, 'edsger', { organization_name: 'Edsger Ltd' }),
  update(403, 'donald', { organization_name: 'Edsger Ltd', new_organization_name: 'Donald Ltd' }),
  remove(403, 'donald', 'organization_name=Edsger%20Ltd'),
  update(404, 'donald', { organization_name: 'Nobody' }),
  remove(404, 'donald', 'organization_name=Nobody'),
  remove(422, 'donald', ''),
  remove(422, 'donald', 'organization_name=a&organization_name=b'),
];

const deletion: Chapter = [
  create(201, account('frances', 'Frances Ltd')),
  signIn(200, credentials('frances'), 'frances'),
  update(200, 'frances', { organization_name: 'Frances Ltd', new_organization_name: 'Allen Ltd' }),
  remove(404, 'frances', 'organization_name=Frances%20Ltd'),
  remove(200, 'frances', 'organization_name=ALLEN+LTD'),
  readNamed(404, 'Allen Ltd'),
  signIn(401, credentials('frances')),
  remove(401, 'frances', 'organization_name=Allen%20Ltd'),
  update(401, 'frances', { organization_name: 'Allen Ltd' }),
  create(201, account('frances', 'Allen Ltd')),
  create(201, account('frances2', 'Frances Ltd')),
  update(401, 'frances', { organization_name: 'Allen Ltd' }),
  signIn(200, credentials('frances'), 'frances again'),
  remove(200, 'frances again', 'organization_name=Allen%20Ltd'),
  readNamed(404, 'Allen Ltd'),
  readNamed(200, 'Frances Ltd'),
];

/** NFKC makes eighteen characters of it. */
const wide = '\ufdfa';

const collidingNames: Chapter = [
  create(201, account('one', 'Same Place')),
  create(201, account('two', 'same_place')),
  create(201, account('three-of-them', 'same-place')),
  create(201, account('mark', '!!!')),
  create(201, account('underscores', '___')),
  create(201, account('letters', 'Ünïcödé')),
  create(201, account('kelvin', '\u212aelvin 2')),
  create(201, account('cut', `cut ${wide.repeat(6)}`)),
  create(201, account('cut2', `cut ${wide.repeat(6)}2`)),
  signIn(200, credentials('one'), 'one'),
  remove(200, 'one', 'organization_name=same%20place'),
  ...['same_place', 'same-place', '!!!', '___', 'ünïcödé', 'kelvin 2'].map((name) => readNamed(200, name)),
  create(201, account('one', 'SAME PLACE')),
  signIn(200, credentials('two'), 'two'),
  remove(200, 'two', 'organization_name=same_place'),
  readNamed(200, 'same place'),
];

/** What is asked of a service on each engine, in this order. */
export const script: Readonly<Record<string, Chapter>> = {
  'sign-up and what it refuses': signUp,
  'reading, in every spelling of a name': spellings,
  'log-in, right and wrong': logIn,
  'changes of name, email and password': updating,
  'tokens that are missing, bad or another’s': authorization,
  'deletion, and the same created again': deletion,
  'names that would share a collection': collidingNames,
  'version 1, by the operator and by admins': version1,
  ...documentChapters,
  ...edges,
};
