import type { FastifyRequest } from 'fastify';
import type { Expectation } from '../documents/change.ts';
import { etagOf } from '../documents/document.ts';
import { EdgeError } from './problems.ts';

/** Whether the caller has what it asks for (RFC 9110 section 13.1.2). A proxy that compresses makes the tag a weak one. */
export function hasTag({ headers }: FastifyRequest, etag: string): boolean {
  const known = headers['if-none-match']?.trim();
  return known === '*' || (known !== undefined && eachTag(known).some((tag) => opaque(tag) === etag));
}

/**
 * What a request is refused with that has a precondition which a call that changes something would not keep: who sends one
 * must not be told that all went well.
 */
export function refusedCondition({ headers }: FastifyRequest): EdgeError | undefined {
  if (headers['if-match'] === undefined) return undefined;
  return new EdgeError('bad_request', 'If-Match is taken by PUT, PATCH and DELETE of a document alone');
}

const tagList = /^(?:\*|(?:W\/)?"[\x21\x23-\x7e\x80-\xff]*"(?:[ \t]*,[ \t]*(?:W\/)?"[\x21\x23-\x7e\x80-\xff]*")*)$/;

/**
 * What a request that changes a document expects of it, by If-Match and If-None-Match (RFC 9110 sections 13.1.1, 13.1.2).
 *
 * @throws {EdgeError} bad_request: one of them is malformed
 */
export function expectationOf({ headers }: FastifyRequest): Expectation {
  const match = tagsOf('If-Match', headers['if-match']);
  const noneMatch = tagsOf('If-None-Match', headers['if-none-match']);
  return (standing) => {
    const tag = standing && etagOf(standing);
    const matches = match === undefined || (tag !== undefined && (match.includes('*') || match.includes(tag)));
    // The weak comparison: a weak tag names the same state as the strong one.
    const known = noneMatch?.map(opaque);
    return matches && !(tag !== undefined && (known?.includes('*') || known?.includes(tag)));
  };
}

function tagsOf(name: string, field: string | undefined): readonly string[] | undefined {
  if (field === undefined) return undefined;
  if (!tagList.test(field)) throw new EdgeError('bad_request', `${name} must be * or entity tags in quotes`);
  return field === '*' ? [field] : eachTag(field);
}

/** The entity tags of a list. A comma within the quotes is a tag's own. */
function eachTag(list: string): readonly string[] {
  return list.match(/(?:W\/)?"[^"]*"/g) ?? [];
}

/** A tag as the weak comparison looks at it. */
function opaque(tag: string): string {
  return tag.replace(/^W\//, '');
}
