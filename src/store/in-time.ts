/**
 * What the work gives, where it gives it before the end; work that is given up goes on by itself. Every call of a port
 * comes through here, so that it is no `Promise.race`, which would cost three times as much.
 *
 * @param end in milliseconds of `performance.now()`
 * @param late makes the error that is thrown at the end
 */
export function inTime<T>(work: Promise<T>, end: number, late: () => Error): Promise<T> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => reject(late()), Math.max(0, end - performance.now()));
    work.then(
      (value) => {
        clearTimeout(timer);
        resolve(value);
      },
      (error: unknown) => {
        clearTimeout(timer);
        reject(error);
      },
    );
  });
}
