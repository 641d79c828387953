import assert from 'node:assert/strict';
import { hash } from 'node:crypto';
import type { Manifest } from '../../src/documents/export.ts';
import type { Imported } from '../../src/documents/import.ts';
import { type Answer, bodyOf } from '../http-documents/calls.ts';
import { type DocumentsGround, everyStage, type Stage, type Tenant } from '../http-documents/ground.ts';

/** Each engine with organizations of their own collections, and with those that share one. */
export const transferStages: readonly Stage[] = everyStage.filter(({ level }) => level !== 'database');

/** The media type of exports. */
export const ndjson = 'application/x-ndjson';

/** An export that was read to its end. */
export interface Exported {
  readonly text: string;
  /** The lines of documents. */
  readonly lines: readonly string[];
  readonly manifest: Manifest;
}

/** Exports, and checks that the manifest tells of what came before it. */
export async function exportOf(
  { edge }: Pick<DocumentsGround, 'edge'>,
  { id, token }: Pick<Tenant, 'id' | 'token'>,
  query = '',
): Promise<Exported> {
  const url = `/v1/organizations/${id}/export${query}`;
  const answer = await edge.server.inject({ url, headers: { authorization: `Bearer ${token}` } });
  assert.equal(answer.statusCode, 200, answer.body.slice(0, 1_000));
  assert.equal(answer.headers['content-type'], ndjson);
  return readExport(answer.body);
}

/** Reads an export, whose manifest must be that of what came before it. */
export function readExport(text: string): Exported {
  assert.ok(text.endsWith('\n'), 'the last line is whole');
  const lines = text.slice(0, -1).split('\n');
  const { manifest } = JSON.parse(lines.pop() ?? '') as { readonly manifest: Manifest };
  const before = lines.map((line) => `${line}\n`).join('');
  assert.equal(manifest.sha256, hash('sha256', before));
  assert.equal(manifest.documents, lines.length);
  return { text, lines, manifest };
}

/** Imports a part as a tenant. */
export function importInto(tenant: Pick<Tenant, 'send'>, body: string, query = ''): Promise<Answer> {
  return tenant.send('POST', `/import${query}`, { body, headers: { 'content-type': ndjson } });
}

/** What an import answers, which must be done. */
export async function imported(tenant: Pick<Tenant, 'send'>, body: string, query = ''): Promise<Imported> {
  return bodyOf(await importInto(tenant, body, query)) as unknown as Imported;
}

/** A line of an import. */
export function lineOf(document: object, collection = 'default'): string {
  return `${JSON.stringify({ collection, document })}\n`;
}
