import assert from 'node:assert/strict';
import { type Answer, call, create, read, remove, signUp } from './calls.ts';

/** What may be found of an organization: the passwords of which one is right, or that it is gone. */
type Possible = readonly (string | 'gone')[];

/** What was acknowledged while the database crashed, kept outside of it. Any answer but the success and 503 is a fault. */
export interface CrashJournal {
  /** Creates, changes and deletes organizations, on the instances in turn, until the signal; resolves when all is answered. */
  load(urls: readonly string[], signal: AbortSignal): Promise<void>;
  /** Resolves after so many acknowledgements more of each instance. @throws where the load has failed */
  more(count: number): Promise<void>;
  /** Compares all that is known with what the instance tells. */
  verify(url: string): Promise<void>;
}

const lanesOfInstance = 4;

/** The call was not acknowledged. */
class NotAcknowledged extends Error {
  override readonly name = 'NotAcknowledged';
}

/** @throws {NotAcknowledged} */
function demand({ status, headers, body }: Answer, expected: number): unknown {
  if (status === expected) return body;
  assert.equal(status, 503, JSON.stringify(body));
  assert.match(headers.get('retry-after') ?? '', /^[1-9]\d*$/);
  throw new NotAcknowledged();
}

async function demandToken(url: string, name: string, password: string): Promise<string> {
  const answer = await call(url, ['POST', '/admin/login'], { body: { email: signUp(name).email, password } });
  return (demand(answer, 200) as { access_token: string }).access_token;
}

/** An empty journal. */
export function crashJournal(): CrashJournal {
  const known = new Map<string, Possible>();
  const acknowledgements = new Map<string, number>();
  const failed = Promise.withResolvers<never>();
  // It is told where the load is awaited.
  failed.promise.catch(() => {});
  const heard = new EventTarget();

  async function live(url: string, name: string): Promise<void> {
    const acknowledge = (possible: Possible) => {
      known.set(name, possible);
      acknowledgements.set(url, (acknowledgements.get(url) ?? 0) + 1);
      heard.dispatchEvent(new Event('acknowledged'));
    };
    const [first, second] = [signUp(name).password, `changed ${signUp(name).password}`];
    known.set(name, [first, 'gone']);
    demand(await create(url, name), 201);
    acknowledge([first]);
    const token = await demandToken(url, name, first);
    known.set(name, [first, second]);
    const body = { organization_name: name, password: second };
    demand(await call(url, ['PUT', '/org/update'], { body, token }), 200);
    acknowledge([second]);
    const fresh = await demandToken(url, name, second);
    if (known.size % 3 !== 0) return;
    known.set(name, [second, 'gone']);
    demand(await remove(url, name, fresh), 200);
    acknowledge(['gone']);
  }

  async function lane(url: string, signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      await live(url, `organization ${known.size}`).catch((error: unknown) => {
        if (error instanceof NotAcknowledged) return;
        failed.reject(error);
        throw error;
      });
    }
  }

  return {
    async load(urls, signal) {
      const lanes = urls.flatMap((url) => Array.from({ length: lanesOfInstance }, () => lane(url, signal)));
      await Promise.all(lanes);
    },
    async more(count) {
      const wanted = [...acknowledgements].map(([url, before]) => [url, before + count] as const);
      const enough = Promise.withResolvers<void>();
      const look = () => {
        if (wanted.every(([url, number]) => (acknowledgements.get(url) ?? 0) >= number)) enough.resolve();
      };
      heard.addEventListener('acknowledged', look);
      await Promise.race([enough.promise, failed.promise]).finally(() =>
        heard.removeEventListener('acknowledged', look),
      );
    },
    async verify(url) {
      for (const [name, possible] of known) {
        const found = await find(url, name, possible);
        assert.ok(found !== undefined, `${name} was acknowledged as ${possible.join(' or ')}, and is not so`);
        known.set(name, [found]);
      }
    },
  };
}

/** Which of what is possible is so. */
async function find(url: string, name: string, possible: Possible): Promise<string | undefined> {
  const { status } = await read(url, name);
  assert.ok(status === 200 || status === 404, `${name}: ${status}`);
  if (status === 404) return possible.find((each) => each === 'gone');
  for (const password of possible) {
    if (password === 'gone') continue;
    const { email } = signUp(name);
    if ((await call(url, ['POST', '/admin/login'], { body: { email, password } })).status === 200) return password;
  }
  return undefined;
}
