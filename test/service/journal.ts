import assert from 'node:assert/strict';
import { type Answer, call, create, read, remove, signIn, signUp } from './calls.ts';

/** What is known of an organization: `in doubt` where the process died before it answered, or told that it cannot tell. */
type Known = 'there' | 'gone' | { readonly inDoubt: readonly ('there' | 'gone')[] };

/** A load that is under way. */
export interface Load {
  /** Resolves after so many acknowledgements. */
  readonly enough: Promise<void>;
  /** Lets each lane end what it does; resolves when nothing is under way any more. */
  end(): Promise<void>;
}

/** What the service acknowledged, kept outside of it. */
export interface Journal {
  /**
   * Creates, changes and deletes organizations, eight at a time on the processes in turn, until the end of the load or of
   * the process.
   */
  load(urls: readonly string[], limits: { round: number; until: number }): Load;
  /** Compares all that is known with what the processes tell. */
  verify(urls: readonly string[]): Promise<void>;
  /** What happened so far. */
  counts(): { readonly organizations: number; readonly acknowledged: number; readonly unavailable: number };
}

const lanes = 8;

/** 503: nothing is acknowledged, and nothing can be told. */
class UnavailableError extends Error {
  override readonly name = 'UnavailableError';
}

/** @throws {UnavailableError} */
function acknowledged({ status, body }: Answer, expected: number): void {
  if (status === 503) throw new UnavailableError();
  assert.equal(status, expected, JSON.stringify(body));
}

/** An empty journal. */
export function journal(): Journal {
  const known = new Map<string, Known>();
  const passwords = new Map<string, readonly string[]>();
  let acknowledgements = 0;
  let unavailable = 0;

  async function live(url: string, name: string, acknowledge: () => void): Promise<void> {
    known.set(name, { inDoubt: ['there', 'gone'] });
    acknowledged(await create(url, name), 201);
    known.set(name, 'there');
    acknowledge();
    const token = await signIn(url, name);
    const changed = `changed ${signUp(name).password}`;
    passwords.set(name, [signUp(name).password, changed]);
    const change = { organization_name: name, password: changed };
    acknowledged(await call(url, ['PUT', '/org/update'], { body: change, token }), 200);
    passwords.set(name, [changed]);
    acknowledge();
    if (known.size % 3 !== 0) return;
    const fresh = await signIn(url, name, changed);
    known.set(name, { inDoubt: ['there', 'gone'] });
    acknowledged(await remove(url, name, fresh), 200);
    known.set(name, 'gone');
    acknowledge();
  }

  return {
    load(urls, { round, until }) {
      const enough = Promise.withResolvers<void>();
      let isOver = false;
      let left = until;
      const acknowledge = () => {
        acknowledgements += 1;
        left -= 1;
        if (left === 0) enough.resolve();
      };
      const lane = async (number: number) => {
        const url = urls[number % urls.length] ?? assert.fail('no process runs');
        for (let turn = 0; !isOver; turn += 1) {
          try {
            await live(url, `organization ${round} ${number} ${turn}`, acknowledge);
          } catch (error) {
            // The connection that broke when the process was killed ends the lane; what a check found wrong is told.
            if (error instanceof TypeError) return;
            if (!(error instanceof UnavailableError)) throw error;
            unavailable += 1;
          }
        }
      };
      const over = Promise.all(Array.from({ length: lanes }, (_, number) => lane(number)));
      over.catch(enough.reject);
      return {
        enough: enough.promise,
        async end() {
          isOver = true;
          await over;
        },
      };
    },
    async verify(urls) {
      const remaining = [...known].entries();
      const lane = async () => {
        for (const [place, [name, expected]] of remaining) {
          await verifyOne(urls[place % urls.length] ?? assert.fail('no process runs'), name, expected);
        }
      };
      await Promise.all(Array.from({ length: lanes }, lane));
    },
    counts: () => ({ organizations: known.size, acknowledged: acknowledgements, unavailable }),
  };

  async function verifyOne(url: string, name: string, expected: Known): Promise<void> {
    const { status } = await read(url, name);
    assert.ok(status === 200 || status === 404, `${name}: ${status}`);
    const found = status === 200 ? 'there' : 'gone';
    const possible = typeof expected === 'string' ? [expected] : expected.inDoubt;
    assert.ok(possible.includes(found), `${name} is ${found}, but was acknowledged as ${possible.join(' or ')}`);
    known.set(name, found);
    if (found === 'there') await verifyPassword(url, name);
  }

  /** Either password may be right where the change was not answered; the newest where it was. */
  async function verifyPassword(url: string, name: string): Promise<void> {
    const possible = passwords.get(name) ?? [signUp(name).password];
    const { email } = signUp(name);
    for (const password of possible) {
      const { status } = await call(url, ['POST', '/admin/login'], { body: { email, password } });
      if (status === 200) {
        passwords.set(name, [password]);
        return;
      }
    }
    assert.fail(`no password of ${name} is right`);
  }
}
