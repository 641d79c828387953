import assert from 'node:assert/strict';
import { call, create, read, remove, signIn, signUp } from './calls.ts';

/** What is known of an organization: `in doubt` where the process died before it answered. */
type Known = 'there' | 'gone' | { readonly inDoubt: readonly ('there' | 'gone')[] };

/** What the service acknowledged, kept outside of it. */
export interface Journal {
  /**
   * Creates, changes and deletes organizations, eight at a time, until the service is gone. `enough` resolves after so
   * many acknowledgements, `over` when nothing is under way any more.
   */
  load(url: string, limits: { round: number; until: number }): { enough: Promise<void>; over: Promise<void> };
  /** Compares all that is known with the service. */
  verify(url: string): Promise<void>;
}

const atOnce = 8;

/** An empty journal. */
export function journal(): Journal {
  const known = new Map<string, Known>();
  const passwords = new Map<string, readonly string[]>();

  async function live(url: string, name: string, acknowledge: () => void): Promise<void> {
    known.set(name, { inDoubt: ['there', 'gone'] });
    assert.equal((await create(url, name)).status, 201);
    known.set(name, 'there');
    acknowledge();
    const token = await signIn(url, name);
    const changed = `changed ${signUp(name).password}`;
    passwords.set(name, [signUp(name).password, changed]);
    const { status } = await call(url, ['PUT', '/org/update'], {
      body: { organization_name: name, password: changed },
      token,
    });
    assert.equal(status, 200);
    passwords.set(name, [changed]);
    acknowledge();
    if (known.size % 3 !== 0) return;
    const fresh = await signIn(url, name, changed);
    known.set(name, { inDoubt: ['there', 'gone'] });
    assert.equal((await remove(url, name, fresh)).status, 200);
    known.set(name, 'gone');
    acknowledge();
  }

  return {
    load(url, { round, until }) {
      const enough = Promise.withResolvers<void>();
      let acknowledged = 0;
      const acknowledge = () => {
        acknowledged += 1;
        if (acknowledged === until) enough.resolve();
      };
      const lane = async (number: number) => {
        try {
          for (let turn = 0; ; turn += 1) await live(url, `organization ${round} ${number} ${turn}`, acknowledge);
        } catch (error) {
          // The connection that broke when the process was killed ends the lane; what a check found wrong is told.
          if (!(error instanceof TypeError)) {
            enough.reject(error);
            throw error;
          }
        }
      };
      const over = Promise.all(Array.from({ length: atOnce }, (_, number) => lane(number))).then(() => undefined);
      return { enough: enough.promise, over };
    },
    async verify(url) {
      for (const [name, expected] of known) {
        const found = (await read(url, name)).status === 200 ? 'there' : 'gone';
        const possible = typeof expected === 'string' ? [expected] : expected.inDoubt;
        assert.ok(possible.includes(found), `${name} is ${found}, but was acknowledged as ${possible.join(' or ')}`);
        known.set(name, found);
        if (found === 'there') await verifyPassword(url, name);
      }
    },
  };

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
