import { TenantryError, type ValueIssue } from '../errors.ts';
import type { DocumentLimits } from '../organizations/tenancy.ts';
import type { JsonObject } from './document.ts';

/** Values that break a rule are told up to here. */
const mostIssues = 8;

/**
 * The text that a document's members are stored as. Names of members may be anything but what follows: NUL, which the edge
 * refuses everywhere; a leading `_` at the top, which is the service's; `_bsontype` at any depth, and `$ref` beside `$id`,
 * which the driver of MongoDB takes for types of its own.
 *
 * @param at where the document stands in the body: names with `/` behind each
 * @throws {TenantryError} invalid_value, document_too_large
 */
export function checkMembers(members: JsonObject, limits: DocumentLimits, at = ''): string {
  // Nearly all are right, and places are put together only where something is wrong.
  if (!isSound(members, limits.depth, true)) {
    refuse(allIssues(members, limits.depth, at));
  }
  return checkSize(members, limits, at);
}

/** As `checkMembers`, of what a patch made of a document, which may hold members of other programs. */
export function checkPatched(members: JsonObject, limits: DocumentLimits): string {
  refuse(issuesIn(members, limits.depth, ''));
  return checkSize(members, limits, '');
}

/** Refuses a patch that is about members of the service. @throws {TenantryError} invalid_value */
export function checkPatch(patch: JsonObject): void {
  refuse(topIssues(patch, ''));
}

function checkSize(members: JsonObject, { bytes }: DocumentLimits, at: string): string {
  const text = JSON.stringify(members);
  const length = Buffer.byteLength(text);
  if (length <= bytes) return text;
  const detail = `has ${length} bytes; it may have ${bytes}`;
  const issues = at === '' ? [] : [{ member: at.slice(0, -1), detail }];
  throw new TenantryError('document_too_large', `The document ${detail}`, { issues });
}

/**
 * Whether `issuesIn`, and at the top `topIssues`, surely find nothing. One pass over the names: those of a document of a
 * megabyte may be a hundred thousand, of which each list that is made takes longer than all else.
 */
function isSound(value: JsonObject | readonly unknown[], levels: number, isTop = false): boolean {
  if (levels === 0) return false;
  if (Array.isArray(value)) return value.every((member) => isSoundMember(member, levels));
  if ('$ref' in value || Object.hasOwn(value, '_bsontype')) return false;
  for (const name in value) {
    if ((isTop && name.startsWith('_')) || !isSoundMember((value as JsonObject)[name], levels)) return false;
  }
  return true;
}

function isSoundMember(member: unknown, levels: number): boolean {
  return typeof member !== 'object' || member === null || isSound(member as JsonObject, levels - 1);
}

function refuse(found: Iterable<ValueIssue>): void {
  const issues: ValueIssue[] = [];
  for (const issue of found) if (issues.push(issue) === mostIssues) break;
  if (issues.length > 0) throw new TenantryError('invalid_value', 'A value breaks a rule', { issues });
}

function* allIssues(members: JsonObject, levels: number, at: string): Iterable<ValueIssue> {
  yield* topIssues(members, at);
  yield* issuesIn(members, levels, at);
}

function* topIssues(members: JsonObject, at: string): Iterable<ValueIssue> {
  for (const name of Object.keys(members)) {
    if (!name.startsWith('_')) continue;
    yield { member: at + escaped(name), detail: 'must not begin with _: such members are set by the service' };
  }
}

/** @param levels how many arrays and objects may lie within each other from here on */
function* issuesIn(value: unknown, levels: number, at: string): Generator<ValueIssue> {
  if (typeof value !== 'object' || value === null) return;
  if (levels === 0) {
    yield { member: at.slice(0, -1), detail: 'is nested too deeply' };
    return;
  }
  if ('$ref' in value && typeof value.$ref === 'string' && '$id' in value && value.$id !== null) {
    yield { member: `${at}$ref`, detail: 'must not stand beside $id' };
  }
  for (const [name, member] of Object.entries(value)) {
    if (name === '_bsontype') yield { member: at + name, detail: 'must not be the name of a member' };
    if (typeof member === 'object') yield* issuesIn(member, levels - 1, `${at}${escaped(name)}/`);
  }
}

/** UTF-16 units of a member's name that are repeated. */
const longestShown = 100;

/** A name in a JSON pointer (RFC 6901 section 3). */
function escaped(name: string): string {
  const shown = name.length > longestShown ? `${name.slice(0, longestShown).toWellFormed()}…` : name;
  return shown.replaceAll('~', '~0').replaceAll('/', '~1');
}
