/** One call of the script. Tokens are called by the names that the script gives them. */
export interface Call {
  readonly method: string;
  readonly path: string;
  /** What must be answered, so that two engines that both refuse everything are not found to be alike. */
  readonly status: number;
  readonly headers?: Readonly<Record<string, string>>;
  /** An object is sent as JSON, a text or bytes as they are; both with the media type of JSON unless `headers` have another. */
  readonly body?: object | string | Buffer;
  /** The token that is sent. */
  readonly token?: string;
  /** The name under which the token in the answer is kept. */
  readonly keep?: string;
}

/** A part of the script. Its calls come from an address of its own, so that limits count them by themselves. */
export type Chapter = readonly Call[];

/** `POST /org/create` */
export function create(status: number, body: object | string | Buffer, rest: Partial<Call> = {}): Call {
  return { method: 'POST', path: '/org/create', status, body, ...rest };
}

/** `GET /org/get` with this query. */
export function read(status: number, query: string): Call {
  return { method: 'GET', path: `/org/get?${query}`, status };
}

/** `GET /org/get` of the organization of this name. */
export function readNamed(status: number, name: string): Call {
  return read(status, `organization_name=${encodeURIComponent(name)}`);
}

/** `POST /admin/login`. The token is kept under the name, where one is given. */
export function signIn(status: number, body: object | string, keep?: string): Call {
  return { method: 'POST', path: '/admin/login', status, body, ...(keep !== undefined && { keep }) };
}

/** `PUT /org/update` with the token of this name. */
export function update(status: number, token: string, body: object | string): Call {
  return { method: 'PUT', path: '/org/update', status, token, body };
}

/** `DELETE /org/delete` with the token of this name and this query. */
export function remove(status: number, token: string, query: string): Call {
  return { method: 'DELETE', path: `/org/delete?${query}`, status, token };
}

/** Any other call. */
export function other(status: number, method: string, path: string, rest: Partial<Call> = {}): Call {
  return { method, path, status, ...rest };
}

/** The sign-up of an organization whose admin is known by a word. */
export function account(word: string, organization_name: string) {
  return { organization_name, email: `${word}@example.com`, password: `the password of ${word}` };
}

/** The log-in of that admin. */
export function credentials(word: string, password = `the password of ${word}`) {
  return { email: `${word}@example.com`, password };
}
