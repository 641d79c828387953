import { engine } from '../contract/embedded.ts';
import { survivesKills } from './kill.ts';
import { syncsBeforeAcknowledging } from './sync.ts';

await syncsBeforeAcknowledging(engine);
survivesKills(engine);
