/** The raw rate of the hash: verifies without a pause, as many at once as there are cores, and serves nobody. */
import { availableParallelism } from 'node:os';
import bcrypt from '@node-rs/bcrypt';

const password = 'correct horse battery staple';

process.on('message', async ({ cost, seconds }: { cost: number; seconds: number }) => {
  const hash = await bcrypt.hash(password, { cost });
  const until = performance.now() + seconds * 1_000;
  const ends: number[] = [];
  const work = async () => {
    while (performance.now() < until) {
      await bcrypt.verify(password, hash);
      ends.push(performance.now());
    }
  };
  const before = process.cpuUsage();
  await Promise.all(Array.from({ length: availableParallelism() }, work));
  const { user, system } = process.cpuUsage(before);
  const [first = 0] = ends;
  const last = ends.at(-1) ?? 0;
  process.send?.({
    perSecond: ((ends.length - 1) / (last - first)) * 1_000,
    cpuMicroseconds: (user + system) / ends.length,
  });
});
process.on('disconnect', () => process.exit());
