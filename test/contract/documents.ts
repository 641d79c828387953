import { describe } from 'node:test';
import type { Level } from '../../src/store/documents.ts';
import { documentsApart } from './documents-apart.ts';
import { documentsEpochs } from './documents-epochs.ts';
import { documentsKept } from './documents-kept.ts';
import { documentsMaking } from './documents-making.ts';
import { documentsMeasuring } from './documents-measuring.ts';
import { documentsModel } from './documents-model.ts';
import { documentsRacing } from './documents-racing.ts';
import { documentsReading } from './documents-reading.ts';
import { documentsRecounting } from './documents-recounting.ts';
import { documentsRemoving } from './documents-removing.ts';
import { documentsReopening } from './documents-reopening.ts';
import { documentsRoom } from './documents-room.ts';
import { documentsSlots } from './documents-slots.ts';
import { prepareStage } from './documents-tenants.ts';
import { documentsTexts } from './documents-texts.ts';
import { documentsWriting } from './documents-writing.ts';
import type { Engine } from './engine.ts';

/** Of what is begun for one level, in milliseconds. */
const timeout = 300_000;

const levels: readonly Level[] = ['pooled', 'collection', 'database', 'cluster'];

/** The contract of the port for documents, for any engine and at every level. */
export function documentsContract(engine: Engine): void {
  describe(`documents on the ${engine.name} engine`, () => {
    documentsMaking(engine);
    documentsRoom(engine);
    documentsMeasuring(engine);
    for (const level of levels) describe(`at level ${level}`, { timeout }, () => documentsAt(engine, level));
    documentsModel(engine);
  });
}

function documentsAt(engine: Engine, level: Level): void {
  const stage = prepareStage(engine, level);
  documentsWriting(stage);
  documentsReading(stage);
  documentsTexts(stage);
  documentsApart(stage);
  documentsSlots(stage);
  documentsEpochs(stage);
  documentsKept(stage);
  documentsRemoving(stage);
  documentsRacing(stage);
  documentsRecounting(stage);
  documentsReopening(stage);
}
