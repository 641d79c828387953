import { once } from 'node:events';
import { type IncomingMessage, request } from 'node:http';
import { readJson } from './body.ts';

/** Bounds what a service that lost its mind can send. */
const mostAnswerBytes = 1_048_576;

/**
 * Asks the running service for a command, however long that takes. Undefined where nobody listens: no service runs on that
 * data directory, or the one that did was killed.
 *
 * @throws {ControlError} where the command was refused or failed, or the service went away before it answered
 */
export async function askControl(path: string, command: string, input: unknown): Promise<unknown> {
  // An agent would keep the connection, and with it the process, after the answer.
  const asked = request({ socketPath: path, path: `/${command}`, method: 'POST', agent: false });
  asked.end(JSON.stringify(input ?? null));
  let answer: Awaited<ReturnType<typeof readJson>>;
  let status: number | undefined;
  try {
    const [response] = (await once(asked, 'response')) as [IncomingMessage];
    status = response.statusCode;
    answer = await readJson(response, mostAnswerBytes);
  } catch (error) {
    if (nobodyListens(error)) {
      return undefined;
    }
    throw new ControlError(explain(error, path, command), { cause: error });
  } finally {
    asked.destroy();
  }
  if ('unreadable' in answer) {
    throw new ControlError(`What answers at ${path} is no Tenantry of this version: the answer ${answer.unreadable}.`);
  }
  if (status !== 200) {
    throw new ControlError(
      refusalIn(answer.value) ?? `The running Tenantry answered ${command} with status ${status}.`,
    );
  }
  return answer.value;
}

/** Why a command over the control socket has no answer; its message is for the operator. */
export class ControlError extends Error {
  override readonly name = 'ControlError';
}

function nobodyListens(error: unknown): boolean {
  const { code, syscall } = error as NodeJS.ErrnoException;
  return syscall === 'connect' && (code === 'ENOENT' || code === 'ECONNREFUSED' || code === 'ENOTDIR');
}

function explain(error: unknown, path: string, command: string): string {
  const { code, syscall, message } = error as NodeJS.ErrnoException;
  if (syscall !== 'connect') {
    return `The running Tenantry went away before it answered ${command} (${message}).`;
  }
  return code === 'EACCES' || code === 'EPERM'
    ? `${path} belongs to another user: run this as the user who runs Tenantry.`
    : `${path} cannot be reached (${message}).`;
}

function refusalIn(value: unknown): string | undefined {
  const refusal = typeof value === 'object' && value !== null && 'refusal' in value ? value.refusal : undefined;
  return typeof refusal === 'string' ? refusal : undefined;
}
