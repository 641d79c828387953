import { DBRef, type Filter, type ObjectId } from 'mongodb';
import type { StoredDocument } from '../documents.ts';
import { jsonTextOf } from './extended-json.ts';

/**
 * A document as it stands on the server: its members as they are, behind what is the service's; `_commit` names the write
 * that wrote it last. One of another program may have anything in each, and an ObjectId as `_id`; those whose `_id` is
 * neither that nor a string cannot be named in a path, and are left out of whatever is read.
 */
export interface DocumentForm {
  readonly _id: string | ObjectId;
  readonly _version?: unknown;
  readonly _created_at?: unknown;
  readonly _updated_at?: unknown;
  readonly _commit?: unknown;
  readonly [member: string]: unknown;
}

/** How a document is stored. */
export function formOf(document: StoredDocument, _id: DocumentForm['_id'], mark: string): DocumentForm {
  const { version, created_at, updated_at, members } = document;
  const own = { _id, _version: version, _created_at: created_at, _updated_at: updated_at };
  return { ...own, ...JSON.parse(members), _commit: mark };
}

/** A document as the driver reads it: one with the members `$ref` and `$id` it takes for a reference. */
export function formOfRead(read: DocumentForm | DBRef): DocumentForm {
  return read instanceof DBRef ? (read.toJSON() as object as DocumentForm) : read;
}

/** The commits that wrote documents that were read: what tells one from another of the same version. */
const commits = new WeakMap<StoredDocument, unknown>();

/** The document that is stored so, without the prefix of its `_id`. */
export function documentOf(form: DocumentForm, prefix: string): StoredDocument {
  const { _id, _version, _created_at, _updated_at, _commit, ...members } = form;
  const document = {
    id: idOf(_id, prefix),
    version: versionOf(_version),
    created_at: textOf(_created_at),
    updated_at: textOf(_updated_at),
    members: jsonTextOf(members),
  };
  commits.set(document, _commit);
  return document;
}

/** A document's id: of an ObjectId its 24 hexadecimal digits. */
export function idOf(_id: DocumentForm['_id'], prefix: string): string {
  return typeof _id === 'string' ? _id.slice(prefix.length) : _id.toHexString();
}

/** Whether an ObjectId may have this id. */
export function isHexadecimal(id: string): boolean {
  return /^[0-9a-f]{24}$/.test(id);
}

/** The version that a member tells: 0 where it is not a whole number from 1 on. */
export function versionOf(version: unknown): number {
  return Number.isSafeInteger(version) && Number(version) >= 1 ? Number(version) : 0;
}

/** The document while it is the one that was read: versions begin anew where one is removed and made again. */
export function standingAs(_id: DocumentForm['_id'], before: StoredDocument): Filter<DocumentForm> {
  const _commit = commits.get(before);
  const written = typeof _commit === 'string' ? { _commit } : {};
  return before.version === 0 ? { _id, ...withoutVersion, ...written } : { _id, _version: before.version, ...written };
}

/** Whether what stands is the document that was read before. */
export function isSame(form: Pick<DocumentForm, '_version' | '_commit'>, before: StoredDocument): boolean {
  const _commit = commits.get(before);
  return versionOf(form._version) === before.version && (typeof _commit !== 'string' || form._commit === _commit);
}

/** What `versionOf` gives 0 for. Only of a number it can be asked whether it is whole. */
const withoutVersion = {
  $expr: {
    $not: [
      {
        $cond: [
          { $in: [{ $type: '$_version' }, ['int', 'long', 'double']] },
          {
            $and: [
              { $gte: ['$_version', 1] },
              { $lte: ['$_version', Number.MAX_SAFE_INTEGER] },
              { $eq: ['$_version', { $trunc: '$_version' }] },
            ],
          },
          false,
        ],
      },
    ],
  },
};

function textOf(time: unknown): string | undefined {
  return typeof time === 'string' ? time : undefined;
}
