import { EdgeError, type Fault } from './problems.ts';
import { summary } from './query.ts';

/** An operation as the schema lets it through. */
interface Given {
  readonly op: 'insert' | 'replace' | 'delete';
  readonly id?: string;
  readonly document?: object;
  readonly if_match?: string;
}

type Member = Exclude<keyof Given, 'op'>;

/** Which members each kind of operation must and may have. */
const forms = {
  insert: { must: ['document'], may: ['id'] },
  replace: { must: ['id', 'document'], may: ['if_match'] },
  delete: { must: ['id'], may: ['if_match'] },
} as const satisfies Record<Given['op'], { readonly must: readonly Member[]; readonly may: readonly Member[] }>;

/** Faults that are told of one batch. */
const mostFaults = 8;

/** Operations of a batch. */
export const mostOperations = 1_000;

/** Refuses a body of too many operations before each of them is looked at. @throws {EdgeError} invalid_value */
export function refuseTooMany(body: unknown): void {
  const operations = typeof body === 'object' && body !== null && 'operations' in body ? body.operations : undefined;
  if (!Array.isArray(operations) || operations.length <= mostOperations) return;
  const fault = { pointer: '#/operations', detail: `must not have more than ${mostOperations} items` };
  throw new EdgeError('invalid_value', summary([fault]), { faults: [fault] });
}

/**
 * The operations of a batch, where each has the members that its kind needs and no other.
 *
 * @throws {EdgeError} invalid_value
 */
export function checkOperations(operations: readonly Given[]): readonly Given[] {
  const faults = operations.flatMap(faultsOf).slice(0, mostFaults);
  if (faults.length > 0) throw new EdgeError('invalid_value', summary(faults), { faults });
  return operations;
}

function faultsOf(operation: Given, number: number): Fault[] {
  const { must, may }: { readonly must: readonly Member[]; readonly may: readonly Member[] } = forms[operation.op];
  const fault = (member: Member, detail: string) => ({ pointer: `#/operations/${number}/${member}`, detail });
  const given = (['id', 'document', 'if_match'] as const).filter((member) => operation[member] !== undefined);
  return [
    ...must.filter((member) => !given.includes(member)).map((member) => fault(member, 'is required')),
    ...given
      .filter((member) => !must.includes(member) && !may.includes(member))
      .map((member) => fault(member, `does not belong to ${operation.op}`)),
  ];
}
