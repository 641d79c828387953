import { TenantryError } from '../errors.ts';
import type { DocumentLimits } from '../organizations/tenancy.ts';
import { checkDocumentId, type JsonObject } from './document.ts';
import { checkMembers } from './members.ts';

/** A line of an import as it was read: its JSON, which is undefined where the line is empty, or why it cannot be read. */
export type ImportLine = { readonly number: number } & ({ readonly value: unknown } | { readonly detail: string });

/** A document that a line brings. */
export interface Entry {
  readonly line: number;
  /** It need not be there. */
  readonly collection: string;
  readonly id: string;
  /** As it is stored. */
  readonly members: string;
  /** What it is given where no document of its id is there. */
  readonly version: number;
  readonly created_at: string | undefined;
  readonly updated_at: string | undefined;
}

/** Why a line was not stored. */
export interface LineError {
  readonly line: number;
  /** Begins with a JSON pointer in a fragment, such as `#/document/_id`, where it is about a member. */
  readonly detail: string;
}

/** What a line brings: undefined where it is empty or a manifest. */
export function entryOf(line: ImportLine, limits: DocumentLimits): Entry | LineError | undefined {
  const failure = (detail: string): LineError => ({ line: line.number, detail });
  if ('detail' in line) return failure(line.detail);
  const { value } = line;
  if (value === undefined) return undefined;
  if (!isObject(value)) return failure('must be an object');
  const { collection, document, ...others } = value;
  if (isObject(value['manifest']) && Object.keys(value).length === 1) return undefined;
  if (typeof collection !== 'string') return failure('#/collection must be a string');
  if (!isObject(document)) return failure('#/document must be an object');
  if (Object.keys(others).length > 0) return failure('must have no members but collection and document');
  const { _id, _version = 1, _created_at, _updated_at, ...members } = document;
  const wrong = typeof _id === 'string' ? checkDocumentId(_id) : 'must be a string';
  if (typeof _id !== 'string' || wrong !== undefined) return failure(`#/document/_id ${wrong}`);
  if (!isVersion(_version)) return failure(`#/document/_version must be a whole number from 0 to ${lastVersion}`);
  if (!isTime(_created_at)) return failure(`#/document/_created_at ${timeDetail}`);
  if (!isTime(_updated_at)) return failure(`#/document/_updated_at ${timeDetail}`);
  try {
    const text = checkMembers(members, limits, 'document/');
    // 0 is that of a document that another program wrote; here it is one of the service's from the beginning.
    const given = { version: Math.max(1, _version), created_at: _created_at, updated_at: _updated_at };
    return { line: line.number, collection, id: _id, members: text, ...given };
  } catch (error) {
    return failure(detailOf(error));
  }
}

/**
 * What is told of a line that a rule or a bound keeps out.
 *
 * @throws what else was thrown
 */
export function detailOf(error: unknown): string {
  if (!(error instanceof TenantryError) || !refusals.has(error.code)) throw error;
  const [issue] = error.issues;
  return issue === undefined ? error.message : `#/${issue.member} ${issue.detail}`;
}

const refusals: ReadonlySet<string> = new Set<TenantryError['code']>([
  'invalid_value',
  'document_too_large',
  'quota_exceeded',
]);

/** So that there are as many again for the changes that follow. */
const lastVersion = 2 ** 52;

function isVersion(version: unknown): version is number {
  return Number.isSafeInteger(version) && Number(version) >= 0 && Number(version) <= lastVersion;
}

const timeDetail = 'must be a time in RFC 3339, in UTC with milliseconds, such as 2026-11-24T09:30:00.000Z';

function isTime(time: unknown): time is string | undefined {
  if (time === undefined) return true;
  if (typeof time !== 'string' || !/^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}\.\d{3}Z$/.test(time)) return false;
  const date = new Date(time);
  return !Number.isNaN(date.getTime()) && date.toISOString() === time;
}

function isObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
