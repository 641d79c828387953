import { engine as embedded } from './contract/embedded.ts';
import type { Engine } from './contract/engine.ts';
import { engine as mongodb } from './contract/mongodb.ts';
import { missing } from './mongodb/address.ts';

/**
 * The engines that the features are tested on: each test that stands on a store runs on every one. One whose server is
 * not there is left out, which `test/run.js` tells.
 */
export const engines: readonly Engine[] = missing === false ? [embedded, mongodb] : [embedded];
