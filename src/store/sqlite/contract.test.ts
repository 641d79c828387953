import { documentsContract } from '../../../test/contract/documents.ts';
import { engine } from '../../../test/contract/embedded.ts';
import { recordsContract } from '../../../test/contract/records.ts';
import { recordsModel } from '../../../test/contract/records-model.ts';

recordsContract(engine);
documentsContract(engine);
recordsModel(engine);
