import { typeid } from 'typeid-js';
import { defineKind, type Stored } from '../store/records.ts';

/** A person, known by one email, who may be in several organizations. */
export interface User extends Stored {
  /** TypeID with the prefix `usr`. */
  readonly id: string;
  /** As it was given. */
  readonly email: string;
  /** What emails are compared by: `emailKey(email)`. */
  readonly email_key: string;
  readonly password: PasswordHash;
  /** Tokens carry it; one made under another generation is dead. Raised with each new password. */
  readonly generation: number;
  /** RFC 3339, UTC, milliseconds. */
  readonly created_at: string;
  readonly updated_at: string;
}

/** A password as it is stored. `scheme` says what was hashed, so that hashes made elsewhere can stand beside ours. */
export interface PasswordHash {
  /** `bcrypt`: the password itself, 72 bytes at most. `bcrypt-sha256`: a keyed digest of a longer one. */
  readonly scheme: 'bcrypt' | 'bcrypt-sha256';
  /** Modular crypt format, `$2b$...`. */
  readonly hash: string;
}

/** The kind of record that users are. */
export const users = defineKind<User>()('users', { email_key: 'unique' });

/** A new user's id: `usr_` and a UUIDv7, so that ids sort by the time they were made. */
export function newUserId(): string {
  return typeid('usr').toString();
}
