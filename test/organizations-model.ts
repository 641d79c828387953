/**
 * A model of the operations on organizations: what each call answers, and what is left, where calls come one after the
 * other. Names and emails are those of `organizations-model.test.ts`, for which its rules are written out simply.
 */

/** What a call answers: a code where it was refused. */
export type Answer = { readonly code: string } | { readonly value: unknown };

/** What an update changes. */
export interface Change {
  readonly name: string | undefined;
  readonly email: string | undefined;
  readonly password: string | undefined;
}

/** What becomes of the drop of a collection; a second one is due where it is not answered. */
export type Drop = 'answered' | 'lost' | 'not done';

interface ModelUser {
  email: string;
  password: string;
  generation: number;
}

interface ModelOrganization {
  name: string;
  readonly collection: string;
  readonly admin: ModelUser;
  readonly createdAt: number;
  /** `half`: decided, its collection was not made. `taken over`: finished by a sweep. */
  state: 'half' | 'taken over' | 'active';
  isGone: boolean;
}

interface ModelToken {
  readonly organization: ModelOrganization;
  readonly generation: number;
  readonly end: number;
}

/** A deletion that is not over: its collection's name is reserved. */
interface Reservation {
  readonly collection: string;
  stands: boolean;
  isDropped: boolean;
  until: number;
}

const second = 1_000;
const day = 24 * 60 * 60 * second;

/** What names are compared by. */
function keyOf(name: string): string {
  return name.trim().replaceAll(/\s+/g, ' ').toLowerCase().replaceAll('ß', 'ss');
}

function plainOf(name: string): string {
  return `org_${name
    .trim()
    .toLowerCase()
    .replaceAll(/[^a-z0-9_]/g, '_')}`;
}

function refuse(code: string): Answer {
  return { code };
}

/** The model, which stands at a time of `now`. */
export class OrganizationsModel {
  readonly #now: () => number;
  #organizations: ModelOrganization[] = [];
  #reservations: Reservation[] = [];
  readonly #tokens: ModelToken[] = [];

  constructor(now: () => number) {
    this.#now = now;
  }

  /** What the name of a new organization's collection looks like. */
  collectionPattern(name: string): RegExp {
    const plain = plainOf(name);
    const isTaken = [...this.#organizations, ...this.#reservations].some(({ collection }) => collection === plain);
    const saysSomething = /[a-z0-9]/.test(plain.slice('org_'.length));
    return isTaken || !saysSomething ? new RegExp(`^${plain}_[0-9a-z]{8}$`) : new RegExp(`^${plain}$`);
  }

  /** @param outcome the real collection's name, found to be right; and whether the collection cannot be made */
  create(
    { name, email, password }: { name: string; email: string; password: string },
    { collection, isHalf }: { collection: string; isHalf: boolean },
  ): Answer {
    if (keyOf(name).length < 3 || password.length < 8) return refuse('invalid_value');
    if (this.#named(name) !== undefined) return refuse('organization_name_taken');
    if (this.#holder(email) !== undefined) return refuse('email_taken');
    const organization: ModelOrganization = {
      name: name.trim(),
      collection,
      admin: { email, password, generation: 1 },
      createdAt: this.#now(),
      state: isHalf ? 'half' : 'active',
      isGone: false,
    };
    this.#organizations.push(organization);
    return view(organization);
  }

  read(name: string): Answer {
    const organization = this.#named(name);
    return organization === undefined ? refuse('organization_not_found') : view(organization);
  }

  signIn(email: string, password: string): Answer {
    const organization = this.#holder(email);
    if (organization?.admin.password !== password) return refuse('invalid_credentials');
    const { generation } = organization.admin;
    this.#tokens.push({ organization, generation, end: Math.floor(this.#now() / second) * second + 30 * 60 * second });
    return { value: 'token' };
  }

  /** @param turn which token of all that were given */
  update(turn: number, name: string, change: Change): Answer {
    const caller = this.#caller(turn);
    if (caller === undefined) return refuse('not_authenticated');
    if (change.name !== undefined && keyOf(change.name).length < 3) return refuse('invalid_value');
    if (change.password !== undefined && change.password.length < 8) return refuse('invalid_value');
    const found = this.#named(name);
    if (found === undefined) return refuse('organization_not_found');
    if (found !== caller) return refuse('forbidden');
    const named = change.name === undefined ? found : (this.#named(change.name) ?? found);
    if (named !== found) return refuse('organization_name_taken');
    const holder = change.email === undefined ? found : (this.#holder(change.email) ?? found);
    if (holder !== found) return refuse('email_taken');
    if (change.name !== undefined) found.name = change.name.trim();
    if (change.email !== undefined) found.admin.email = change.email;
    if (change.password !== undefined) {
      found.admin.password = change.password;
      found.admin.generation += 1;
    }
    return view(found);
  }

  delete(turn: number, name: string, drop: Drop): Answer {
    const caller = this.#caller(turn);
    if (caller === undefined) return refuse('not_authenticated');
    const found = this.#named(name);
    if (found === undefined) return refuse('organization_not_found');
    if (found !== caller) return refuse('forbidden');
    found.isGone = true;
    this.#organizations = this.#organizations.filter((other) => other !== found);
    const { collection, state } = found;
    if (drop === 'answered' && state === 'active') return { value: { name: found.name, collection_name: collection } };
    const isDropped = drop === 'answered';
    this.#reservations.push({
      collection,
      stands: drop === 'not done' && state !== 'half',
      isDropped,
      until: this.#now() + (isDropped ? day : 30 * second),
    });
    return { value: { name: found.name, collection_name: collection } };
  }

  sweep(): void {
    for (const organization of this.#organizations)
      if (organization.state === 'half') organization.state = 'taken over';
    this.#reservations = this.#reservations.filter((reservation) => {
      if (reservation.until > this.#now()) return true;
      if (reservation.isDropped) return false;
      Object.assign(reservation, { stands: false, isDropped: true, until: this.#now() + day });
      return true;
    });
  }

  /** How many records there are, and which collections stand. */
  left(): { organizations: number; users: number; collections: string[] } {
    const made = this.#organizations.filter(({ state }) => state !== 'half');
    const standing = this.#reservations.filter(({ stands }) => stands);
    return {
      organizations: this.#organizations.length + this.#reservations.length,
      users: this.#organizations.length,
      collections: [...made, ...standing].map(({ collection }) => collection).sort(),
    };
  }

  /** What the admin of an organization signs in with; somebody unknown where there is none. */
  adminAt(number: number): { email: string; password: string } {
    const { email, password } = this.#at(number)?.admin ?? { email: 'nobody@example.com', password: 'correct horse' };
    return { email: email.toUpperCase(), password };
  }

  /** The name of an organization in another spelling; one that nobody has where there is none. */
  nameAt(number: number): string {
    return ` ${this.#at(number)?.name.toUpperCase() ?? 'Nobody'}`;
  }

  /** The name of a token's organization as it is now, or was at last. */
  nameOf(turn: number): string {
    return this.#tokens[turn]?.organization.name ?? '';
  }

  #at(number: number): ModelOrganization | undefined {
    return this.#organizations[number % Math.max(1, this.#organizations.length)];
  }

  #named(name: string): ModelOrganization | undefined {
    return this.#organizations.find((organization) => keyOf(organization.name) === keyOf(name));
  }

  #holder(email: string): ModelOrganization | undefined {
    return this.#organizations.find(({ admin }) => admin.email.toLowerCase() === email.toLowerCase());
  }

  #caller(turn: number): ModelOrganization | undefined {
    const token = this.#tokens[turn];
    if (token === undefined || token.end <= this.#now() || token.organization.isGone) return undefined;
    return token.organization.admin.generation === token.generation ? token.organization : undefined;
  }
}

function view({ name, collection, admin, createdAt }: ModelOrganization): Answer {
  return {
    value: {
      organization_name: name,
      collection_name: collection,
      admin_email: admin.email,
      created_at: new Date(createdAt).toISOString(),
    },
  };
}
