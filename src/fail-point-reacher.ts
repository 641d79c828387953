import { StartError } from './errors.ts';
import { type FailPoint, failPoints } from './organizations/fail-points.ts';
import { type RelayPoint, relayPoints } from './relay/relay-points.ts';
import { type CommitPoint, commitPoints } from './store/commit-points.ts';

/** Ends the process where a test wants it to, or stops it once, until somebody lets it go on (SIGCONT). */
export function failPointReacher(wanted: string | undefined): (point: FailPoint | CommitPoint | RelayPoint) => void {
  if (wanted === undefined) return () => {};
  const points = [...failPoints, ...commitPoints, ...relayPoints];
  const [name = '', stop] = wanted.split(':');
  let isSlept = false;
  if (!points.some((point) => point === name)) {
    throw new StartError(78, `TENANTRY_FAIL_POINT is ${wanted}; it must be one of ${points.join(', ')}.`);
  }
  return (point) => {
    if (point !== name || isSlept) return;
    isSlept = stop !== undefined;
    process.kill(process.pid, isSlept ? 'SIGSTOP' : 'SIGKILL');
  };
}
