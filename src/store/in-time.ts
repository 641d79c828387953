/** Work that is waited for. */
interface Wait {
  /** In milliseconds of `performance.now()`. */
  readonly end: number;
  readonly giveUp: () => void;
}

/** All that is waited for. One timer is enough for it: one for each would be made and cleared several times in a request. */
const waits = new Set<Wait>();
let timer: NodeJS.Timeout | undefined;
/** The end that the timer is for: no wait has an earlier one. */
let due = Number.POSITIVE_INFINITY;

function begin(wait: Wait): void {
  waits.add(wait);
  if (wait.end < due) awaitEnd(wait.end);
  else if (waits.size === 1) timer?.ref();
}

/** The timer goes on, for those that come next; it does not keep the process alive for nothing. */
function finish(wait: Wait): void {
  if (waits.delete(wait) && waits.size === 0) timer?.unref();
}

function awaitEnd(end: number): void {
  clearTimeout(timer);
  due = end;
  timer = setTimeout(giveUpDue, Math.max(0, end - performance.now()));
}

function giveUpDue(): void {
  const over = due;
  timer = undefined;
  due = Number.POSITIVE_INFINITY;
  let next = Number.POSITIVE_INFINITY;
  for (const wait of waits) {
    if (wait.end > over) next = Math.min(next, wait.end);
    else {
      waits.delete(wait);
      wait.giveUp();
    }
  }
  if (next < due) awaitEnd(next);
}

/**
 * What the work gives, where it gives it before the end; work that is given up goes on by itself. Every call of a port
 * comes through here, so that it is no `Promise.race`, which would cost three times as much.
 *
 * @param end in milliseconds of `performance.now()`
 * @param late makes the error that is thrown at the end
 */
export function inTime<T>(work: Promise<T>, end: number, late: () => Error): Promise<T> {
  return new Promise((resolve, reject) => {
    const wait = { end, giveUp: () => reject(late()) };
    begin(wait);
    work.then(
      (value) => {
        finish(wait);
        resolve(value);
      },
      (error: unknown) => {
        finish(wait);
        reject(error);
      },
    );
  });
}
