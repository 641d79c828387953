// The backend of a to-do service with many customers. Each customer is an organization of Tenantry and their to-dos are
// documents there, read and written with the customer's own token: nothing in this file decides who may see what.
import { readFile } from 'node:fs/promises';
import { createServer } from 'node:http';

const { API_URL = 'http://localhost:8000', PORT = '3000', NODE_ENV } = process.env;

const mostBodyBytes = 65_536;
const mostListed = 200;

const pages = {
  '/': { file: 'page.html', type: 'text/html; charset=utf-8' },
  '/page.css': { file: 'page.css', type: 'text/css; charset=utf-8' },
  '/page.js': { file: 'page.js', type: 'text/javascript; charset=utf-8' },
};

/** Ends a call with a status and a text that may be shown to whoever made it. */
class Refusal extends Error {
  constructor(status, detail, { code, errors } = {}) {
    super(detail);
    this.status = status;
    this.code = code;
    this.errors = errors;
  }
}

/** Asks Tenantry, as the customer whose token it is. */
async function ask(method, path, { token, body, headers } = {}) {
  const response = await fetch(`${API_URL}${path}`, {
    method,
    headers: {
      ...headers,
      ...(token && { authorization: `Bearer ${token}` }),
      ...(body && { 'content-type': 'application/json' }),
    },
    body: body && JSON.stringify(body),
    signal: AbortSignal.timeout(10_000),
  });
  const answer = response.status === 204 ? undefined : await response.json();
  if (!response.ok) throw new Refusal(response.status, answer.detail, answer);
  return { answer, etag: response.headers.get('etag') };
}

/** Whose token it is. Read and not verified: what Tenantry is then asked for, it gives to the rightful holder alone. */
function holderOf(token) {
  if (token === undefined) throw new Refusal(401, 'Log in first');
  try {
    const claims = JSON.parse(Buffer.from(token.split('.')[1], 'base64url').toString());
    const organization = `/v1/organizations/${encodeURIComponent(claims.organization_id)}`;
    return { customer: claims.organization_name, organization };
  } catch {
    throw new Refusal(401, 'Log in again');
  }
}

const collectionOf = (token) => `${holderOf(token).organization}/collections/todos/documents`;
const shown = ({ _id: id, _version: version, title, done }) => ({ id, version, title, done });

function documentOf(token, id = '') {
  // What is no id must not become another path: to delete all documents is a call too.
  if (!/^\w[\w.~-]*$/.test(id)) throw new Refusal(404, 'There is no such to-do');
  return `${collectionOf(token)}/${id}`;
}

async function logIn({ body: { email, password } }) {
  const { answer: session } = await ask('POST', '/admin/login', { body: { email, password } });
  const token = session.access_token;
  try {
    await ask('POST', `${holderOf(token).organization}/collections`, { token, body: { name: 'todos' } });
  } catch (error) {
    // From the second time on it is there.
    if (error.code !== 'collection_exists') throw error;
  }
  return { status: 204, token };
}

const calls = {
  async 'POST sign-up'(request) {
    const { company: organization_name, email, password } = request.body;
    await ask('POST', '/org/create', { body: { organization_name, email, password } });
    return await logIn(request);
  },

  'POST log-in': logIn,

  'POST log-out': async () => ({ status: 204, token: '' }),

  async 'GET todos'({ token }) {
    const newest = `?direction=descending&limit=${mostListed}`;
    const { answer: page } = await ask('GET', collectionOf(token) + newest, { token });
    return { status: 200, body: { customer: holderOf(token).customer, todos: page.data.map(shown) } };
  },

  async 'POST todos'({ token, body, key }) {
    const title = typeof body.title === 'string' ? body.title.trim() : '';
    if (title === '' || title.length > 200) throw new Refusal(422, 'A to-do has 1 to 200 characters');
    // The page sends the same key again where it got no answer, so that no to-do is there twice.
    const headers = key && { 'idempotency-key': key };
    const { answer: added } = await ask('POST', collectionOf(token), { token, body: { title, done: false }, headers });
    return { status: 201, body: shown(added) };
  },

  async 'PATCH todos'({ token, id, body: { done, version } }) {
    if (typeof done !== 'boolean') throw new Refusal(422, 'done is true or false');
    const standing = await ask('GET', documentOf(token, id), { token });
    if (standing.answer._version !== version) throw new Refusal(412, 'Somebody has changed it meanwhile');
    // Where somebody changes it in this very moment Tenantry answers 412.
    const headers = { 'if-match': standing.etag };
    const { answer: changed } = await ask('PATCH', documentOf(token, id), { token, body: { done }, headers });
    return { status: 200, body: shown(changed) };
  },

  async 'DELETE todos'({ token, id }) {
    await ask('DELETE', documentOf(token, id), { token });
    return { status: 204 };
  },
};

/** The body, which must be JSON: a form of another site cannot send that. */
async function readBody(request) {
  if (request.method === 'GET') return {};
  if (request.headers['content-type'] !== 'application/json') throw new Refusal(415, 'Send application/json');
  let text = '';
  for await (const chunk of request.setEncoding('utf8')) {
    text += chunk;
    if (text.length > mostBodyBytes) throw new Refusal(413, 'The body is too large');
  }
  try {
    return Object(JSON.parse(text));
  } catch {
    throw new Refusal(400, 'The body is not JSON');
  }
}

async function answer(request) {
  const { method, headers, url } = request;
  const [path] = url.split('?');
  if (method === 'GET' && Object.hasOwn(pages, path)) {
    const { file, type } = pages[path];
    return { status: 200, body: await readFile(new URL(file, import.meta.url)), type };
  }
  const [, resource, id] = path.split('/');
  const call = `${method} ${resource}`;
  if (!Object.hasOwn(calls, call)) throw new Refusal(404, 'There is nothing here');
  const token = /(?:^|; )token=([^;]+)/.exec(headers.cookie ?? '')?.[1];
  return await calls[call]({ token, id, key: headers['idempotency-key'], body: await readBody(request) });
}

function refusalOf(error) {
  if (error instanceof Refusal) return { status: error.status, body: { detail: error.message, errors: error.errors } };
  console.error(error);
  return { status: 502, body: { detail: 'This does not work at the moment; try again later' } };
}

const security = {
  'content-security-policy':
    "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
  'x-content-type-options': 'nosniff',
  'referrer-policy': 'no-referrer',
  'cache-control': 'no-store',
};

/** A script in the page cannot read the token, and no page of another site can have it sent. */
function cookieOf(token) {
  const secure = NODE_ENV === 'production' ? '; Secure' : '';
  return {
    'set-cookie': `token=${token}; Path=/; HttpOnly; SameSite=Strict${token === '' ? '; Max-Age=0' : ''}${secure}`,
  };
}

const server = createServer(async (request, response) => {
  const { status, body, type = 'application/json', token } = await answer(request).catch(refusalOf);
  const cookie = token === undefined ? {} : cookieOf(token);
  response.writeHead(status, { ...security, ...cookie, ...(body && { 'content-type': type }) });
  response.end(Buffer.isBuffer(body) ? body : body && JSON.stringify(body));
});

server.listen(Number(PORT), '127.0.0.1', () => console.log(`To-do: http://localhost:${server.address().port}`));
