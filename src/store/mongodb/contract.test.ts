import { describe } from 'node:test';
import { documentsContract } from '../../../test/contract/documents.ts';
import { engine } from '../../../test/contract/mongodb.ts';
import { recordsContract } from '../../../test/contract/records.ts';
import { recordsModel } from '../../../test/contract/records-model.ts';
import { missing } from '../../../test/mongodb/address.ts';

describe('the contract', { skip: missing }, () => {
  recordsContract(engine);
  documentsContract(engine);
  recordsModel(engine);
});
