import assert from 'node:assert/strict';
import { type GivenSettings, runCommand } from './service.ts';

/** Counts all documents anew by the command, which must find nothing to put right. */
export async function assertCounted({
  directory,
  settings,
}: {
  readonly directory: string;
  readonly settings: GivenSettings;
}): Promise<void> {
  const { out, code, error } = await runCommand(['recount'], directory, settings);
  assert.equal(code, 0, error);
  assert.deepEqual(JSON.parse(out).corrected, []);
}
