import { TenantryError } from '../src/errors.ts';
import { soon } from './soon.ts';

type Methods<P> = { [M in keyof P]: P[M] extends (...given: never[]) => Promise<unknown> ? M : never }[keyof P];
type Call<F> = F extends (...given: infer G) => Promise<infer T>
  ? (forward: () => Promise<T>, ...given: G) => Promise<T>
  : never;

/**
 * The same port with something in front of one method: `handle` is called in its place and decides whether and when the
 * call goes on to the real one by `forward`.
 */
export function intercept<P extends object, M extends Methods<P>>(port: P, method: M, handle: Call<P[M]>): P {
  return new Proxy(port, {
    get(target, name) {
      const real: unknown = Reflect.get(target, name);
      if (typeof real !== 'function') return real;
      if (name !== method) return real.bind(target);
      return (...given: unknown[]) =>
        Reflect.apply(handle, undefined, [() => Reflect.apply(real, target, given), ...given]);
    },
  });
}

/** The same port, telling the name of each method as it is called and what it is given. */
export function watched<P extends object>(port: P, tell: (method: string, given: readonly unknown[]) => void): P {
  return new Proxy(port, {
    get(target, name) {
      const real: unknown = Reflect.get(target, name);
      if (typeof real !== 'function') return real;
      return (...given: unknown[]) => {
        tell(String(name), given);
        return Reflect.apply(real, target, given);
      };
    },
  });
}

/** What a store throws that cannot do its work, or whose answer was lost. */
export function unavailable(): TenantryError {
  return new TenantryError('storage_unavailable', 'The storage cannot do this at the moment; try again later', {
    retryAfterSeconds: 5,
  });
}

/** A place where calls stand still until a test lets them go on. */
export interface Gate {
  /** Resolves when the first call has come. */
  reached(): Promise<void>;
  /** Called by who comes. */
  pass(): Promise<void>;
  /** Lets all go on, those that come later too. */
  open(): void;
}

/** Makes a gate that is closed. */
export function closedGate(): Gate {
  const reached = Promise.withResolvers<void>();
  const opened = Promise.withResolvers<void>();
  return {
    reached: () => soon(reached.promise, 'a call to reach the gate'),
    pass() {
      reached.resolve();
      return opened.promise;
    },
    open: () => opened.resolve(),
  };
}
