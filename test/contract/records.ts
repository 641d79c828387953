import { describe } from 'node:test';
import type { Engine } from './engine.ts';
import { recordsAppending } from './records-appending.ts';
import { recordsCommitting } from './records-committing.ts';
import { recordsListing } from './records-listing.ts';
import { recordsRacing } from './records-racing.ts';
import { recordsReading } from './records-reading.ts';
import { recordsReopening } from './records-reopening.ts';
import { recordsValues } from './records-values.ts';

/** The contract of the port for records: every sentence of its comment, for any engine. */
export function recordsContract(engine: Engine): void {
  describe(`records on the ${engine.name} engine`, { timeout: 120_000 }, () => {
    recordsReading(engine);
    recordsListing(engine);
    recordsCommitting(engine);
    recordsAppending(engine);
    recordsValues(engine);
    recordsRacing(engine);
    recordsReopening(engine);
  });
}
