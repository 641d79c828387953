import { createHmac } from 'node:crypto';
import bcrypt from '@node-rs/bcrypt';
import { createHashQueue } from './hash-queue.ts';
import type { PasswordHash } from './user.ts';

const fewestCharacters = 8;
const mostCharacters = 1_024;

/** All of a password that bcrypt ever sees. */
const bcryptBytes = 72;

/** About how long bcrypt takes for each of its 2^cost rounds, until it was measured: cost 12 in 230 ms. */
const secondsPerRound = 0.000_056;

/** Hashes and verifies passwords, off the event loop and behind one queue, in which the lines of those who ask take turns. */
export interface Passwords {
  /**
   * A hash of the present cost. The password is one that `checkNewPassword` finds right.
   *
   * @param line who asks for it; those who are not named share one
   * @throws {TenantryError} busy, stopping
   */
  hash(password: string, line?: string): Promise<PasswordHash>;

  /**
   * Whether the password is the one that was hashed. A wrong answer costs the same work whether a user was found
   * (`stored`) or not (undefined), so that its time does not tell; the one exception is a hash of a higher cost than the
   * present one, until its owner has signed in once.
   *
   * @param line as for `hash`
   * @throws {TenantryError} busy, stopping
   */
  verify(password: string, stored: PasswordHash | undefined, line?: string): Promise<Verdict>;

  /** How many wait for their turn. */
  readonly waiting: number;
  /** How many are being hashed or verified. */
  readonly working: number;
  /** How many were refused since the start because the wait would have been too long. */
  readonly refused: number;

  /** Refuses those that have not begun; resolves when those that had are finished. */
  stop(): Promise<void>;
}

/** What became of verifying a password. */
export interface Verdict {
  readonly right: boolean;
  /** The password is right, and its hash is of another cost than hashes are made with now: hash it again. */
  readonly stale: boolean;
}

/** What `createPasswords` is handed. */
export interface PasswordsOptions {
  /** bcrypt's: 2^cost rounds, 4 to 31. */
  readonly cost: number;
  /** How many are hashed at once; `hashingWorkers` tells how many there should be. */
  readonly workers: number;
  /** How long anyone may be expected to wait for their turn before they are refused. */
  readonly waitSeconds: number;
}

/** What bcrypt is given for a password, and whether a hash of this scheme can be of that password at all. */
interface Scheme {
  holds(password: Buffer): boolean;
  secret(password: Buffer, salt: string): Buffer | string;
}

const schemes: Record<PasswordHash['scheme'], Scheme> = {
  bcrypt: {
    // bcrypt would take a longer password for right if only its first 72 bytes are.
    holds: (password) => password.length <= bcryptBytes,
    secret: (password) => password,
  },
  // As passlib's bcrypt_sha256, version 2: the salt as the key, so that digests stolen elsewhere cannot be tried here,
  // and base64, so that bcrypt never sees a NUL. https://passlib.readthedocs.io/en/stable/lib/passlib.hash.bcrypt_sha256.html
  'bcrypt-sha256': {
    holds: () => true,
    secret: (password, salt) => createHmac('sha256', salt).update(password).digest('base64'),
  },
};

/** Makes the one `Passwords` of a process: the bounds hold only if all hashing goes through it. */
export function createPasswords({ cost, workers, waitSeconds }: PasswordsOptions): Passwords {
  const queue = createHashQueue({
    workers,
    waitSeconds,
    hashSeconds: 2 ** cost * secondsPerRound,
    clock: () => performance.now(),
  });

  return {
    hash(password, line = '') {
      const bytes = Buffer.from(password);
      const scheme = bytes.length > bcryptBytes ? 'bcrypt-sha256' : 'bcrypt';
      return queue.run(line, async () => {
        const salt = bcrypt.genSaltSync({ cost });
        const secret = schemes[scheme].secret(bytes, saltOf(salt));
        return { scheme, hash: await bcrypt.hash(secret, { salt, rejectLongPasswords: true }) };
      });
    },
    verify(password, stored, line = '') {
      const bytes = Buffer.from(password);
      return queue.run(line, async () => {
        if (stored === undefined) {
          await bcrypt.verify(bytes, hashOfNothing(cost));
          return { right: false, stale: false };
        }
        const scheme = schemes[stored.scheme];
        const matches = await bcrypt.verify(scheme.secret(bytes, saltOf(stored.hash)), stored.hash);
        const right = matches && scheme.holds(bytes);
        const storedCost = bcrypt.parseOptions(stored.hash).cost;
        if (!right) await makeUp(bytes, storedCost, cost);
        return { right, stale: right && storedCost !== cost };
      });
    },
    get waiting() {
      return queue.waiting;
    },
    get working() {
      return queue.working;
    },
    get refused() {
      return queue.refused;
    },
    stop: queue.stop,
  };
}

/** Does the work by which a hash of the cost `done` was cheaper: 2^c + (2^c + 2^(c+1) + ... + 2^(n-1)) = 2^n. */
async function makeUp(password: Buffer, done: number, wanted: number): Promise<void> {
  for (let cost = done; cost < wanted; cost += 1) await bcrypt.verify(password, hashOfNothing(cost));
}

/** A well-formed hash that nobody knows a password of: all bits of its salt and its digest are zero. */
function hashOfNothing(cost: number): string {
  return `$2b$${String(cost).padStart(2, '0')}$${'.'.repeat(22 + 31)}`;
}

/** The salt's 22 characters, of a hash or of a salt in modular crypt format: `$2b$12$` and then the salt. */
function saltOf(hash: string): string {
  return hash.slice(7, 29);
}

/** What is wrong with a password that is to be stored, as the detail of a `ValueIssue`; undefined where nothing is. */
export function checkNewPassword(password: string): string | undefined {
  // The upper bound comes first, so that nothing longer is counted.
  const problem = checkPassword(password);
  if (problem !== undefined) return problem;
  return countCharacters(password) < fewestCharacters ? `must be at least ${fewestCharacters} characters` : undefined;
}

/** The same for a password that is only tried: any length up to the longest that can be stored. */
export function checkPassword(password: string): string | undefined {
  // A character is two code units at most: counting is bounded, whatever was sent.
  if (password.length > 2 * mostCharacters || countCharacters(password) > mostCharacters) {
    return `must be at most ${mostCharacters} characters`;
  }
  if (password.includes('\0')) return 'must not contain the character NUL';
  // Each lone surrogate becomes the same bytes in UTF-8, so that different passwords would be one.
  if (!password.isWellFormed()) return 'must be valid Unicode: a surrogate stands alone';
  return undefined;
}

/** Code points. */
function countCharacters(text: string): number {
  return Array.from(text).length;
}
