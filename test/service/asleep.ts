import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { eventually } from './eventually.ts';
import type { Service } from './service.ts';

/** Resolves when a process was stopped (SIGSTOP). */
export async function fallenAsleep({ process: { pid } }: Service): Promise<void> {
  await eventually(async () => {
    const stat = await readFile(`/proc/${pid}/stat`, 'utf8');
    assert.equal(/\) (\w)/.exec(stat)?.[1], 'T', 'the process is stopped');
  });
}
