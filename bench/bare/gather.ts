import { Worker } from 'node:worker_threads';

/**
 * Starts a thread that is sent pieces of work, and answers all of them at once. While it works, what comes is gathered for
 * its next turn.
 */
export function startGathering<Work, Answer>(thread: URL, workerData: unknown): (work: Work) => Promise<Answer> {
  const worker = new Worker(thread, { workerData });
  let waiting: { work: Work; answer: (answer: Answer) => void }[] = [];
  let inWork: typeof waiting = [];
  let isScheduled = false;
  const send = () => {
    isScheduled = false;
    if (inWork.length > 0 || waiting.length === 0) return;
    inWork = waiting;
    waiting = [];
    worker.postMessage(inWork.map(({ work }) => work));
  };
  worker.on('message', (answers: Answer[]) => {
    const answered = inWork;
    inWork = [];
    for (const [at, { answer }] of answered.entries()) answer(answers[at] as Answer);
    send();
  });
  return (work) =>
    new Promise((answer) => {
      waiting.push({ work, answer });
      if (!isScheduled) setImmediate(send);
      isScheduled = true;
    });
}
