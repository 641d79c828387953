import { StartError } from '../../errors.ts';
import { faultOf } from './faults.ts';

/** Puts what fails at the start into a message that names the file. @throws {StartError} 1, or as it was thrown */
export function naming<T>(path: string, work: () => T): T {
  try {
    return work();
  } catch (error) {
    if (error instanceof StartError) throw error;
    const { reason, inner } = faultOf(path, error);
    throw new StartError(1, `${path} cannot be opened: ${reason} (${inner}).`, error);
  }
}
