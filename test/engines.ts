import { engine as embedded } from './contract/embedded.ts';
import type { Engine } from './contract/engine.ts';

/** The engines that the features are tested on: each test that stands on a store runs on every one. */
export const engines: readonly Engine[] = [embedded];
