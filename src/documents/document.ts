import { hash } from 'node:crypto';
import { typeid } from 'typeid-js';
import type { StoredDocument } from '../store/documents.ts';

/** A JSON object as it was parsed. */
export type JsonObject = Readonly<Record<string, unknown>>;

/** RFC 3986's unreserved characters, so that an id stands in a path as it is; a path cannot hold `.` and `..`. */
const documentId = /^(?!\.{1,2}$)[A-Za-z0-9._~-]{1,128}$/;

/** A new document's id: `doc_` and a UUIDv7, so that ids sort by the time they were made. */
export function newDocumentId(): string {
  return typeid('doc').toString();
}

/** What is wrong with an id that a document is to be stored by; undefined where nothing is. */
export function checkDocumentId(id: string): string | undefined {
  return documentId.test(id) ? undefined : 'must be 1 to 128 of A-Z a-z 0-9 . _ ~ -, and neither . nor ..';
}

/** A document as it is answered, as compact JSON: the members of the service first, then its own. */
export function textOf({ id, version, created_at, updated_at, members }: StoredDocument): string {
  const own = JSON.stringify({ _id: id, _version: version, _created_at: created_at, _updated_at: updated_at });
  return members === '{}' ? own : `${own.slice(0, -1)},${members.slice(1)}`;
}

/**
 * Names this state of a document: a strong entity tag (RFC 9110 section 8.8.3). It is made of the whole answer, so that a
 * document that was removed and made again has another one, unless it is the same to the millisecond, and so does what
 * another program changed.
 */
export function etagOf(document: StoredDocument): string {
  return etagOfText(textOf(document));
}

/** As `etagOf`, of the document's text. */
export function etagOfText(text: string): string {
  return `"${hash('sha256', text, 'base64url')}"`;
}
