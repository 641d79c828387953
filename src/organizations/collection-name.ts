/** In all, the prefix counted. */
const MOST_CHARACTERS = 100;
const PREFIX = 'org_';

/** The names that the collection of a new organization may have. */
export interface CollectionNames {
  /** The one to take where it is free; undefined where it would have been cut, or says nothing of the name. */
  readonly plain: string | undefined;
  /** The one to take otherwise: with the end of the id. It may be somebody's plain name, so it must be free too. */
  readonly suffixed: string;
}

/**
 * Names an organization's collection: `org_` and the name (NFKC, lower case), each code point outside `[a-z0-9_]` as
 * `_`, at most 100 characters, all ASCII.
 *
 * @param name as it is stored
 * @param organizationId its last eight characters tell collections apart whose names are the same
 */
export function collectionNames(name: string, organizationId: string): CollectionNames {
  const whole =
    PREFIX +
    name
      .normalize('NFKC')
      .toLowerCase()
      .replace(/[^a-z0-9_]/gu, '_');
  const saysSomething = /[a-z0-9]/.test(whole.slice(PREFIX.length));
  const suffix = `_${organizationId.slice(-8)}`;
  return {
    plain: saysSomething && whole.length <= MOST_CHARACTERS ? whole : undefined,
    suffixed: whole.slice(0, MOST_CHARACTERS - suffix.length) + suffix,
  };
}
