import { TenantryError } from '../src/errors.ts';
import { createOrganization } from '../src/organizations/create.ts';
import { deleteOrganization } from '../src/organizations/delete.ts';
import { readOrganization } from '../src/organizations/read.ts';
import { signInAdmin } from '../src/organizations/sign-in.ts';
import { sweep } from '../src/organizations/sweep.ts';
import type { Tenancy } from '../src/organizations/tenancy.ts';
import { updateOrganization } from '../src/organizations/update.ts';
import { intercept, unavailable } from './intercept.ts';
import type { Answer, Change, Drop, OrganizationsModel } from './organizations-model.ts';
import { authenticateAdmin, byTest, type TestTenancy } from './tenancy.ts';

/** What a call names: the organization of its token, one that there is, by its number, or this name. */
export type Target = 'own' | number | { readonly name: string };

/** One call, or what else may happen between two. `token` counts back from the last one that was given. */
export type Step =
  | {
      readonly call: 'create';
      readonly name: string;
      readonly email: string;
      readonly password: string;
      readonly isHalf: boolean;
    }
  | { readonly call: 'sign in'; readonly as: number | { readonly email: string; readonly password: string } }
  | { readonly call: 'update'; readonly token: number; readonly target: Target; readonly change: Change }
  | { readonly call: 'delete'; readonly token: number; readonly target: Target; readonly drop: Drop }
  | { readonly call: 'read'; readonly name: string }
  | { readonly call: 'pass time'; readonly milliseconds: number }
  | { readonly call: 'sweep' }
  | { readonly call: 'restart' };

/** Where steps are taken: the real thing, the model beside it, and the tokens that the real one gave. */
export interface Scene {
  readonly opened: TestTenancy;
  readonly model: OrganizationsModel;
  readonly tokens: string[];
}

/** The answer of the real thing and the model's. */
export interface Compared {
  readonly real: Answer;
  readonly expected: Answer;
}

const silence: Compared = { real: { value: undefined }, expected: { value: undefined } };

/** Takes a step in both. */
export async function takeStep(scene: Scene, step: Step): Promise<Compared> {
  const { opened, model } = scene;
  switch (step.call) {
    case 'create':
      return create(scene, step);
    case 'sign in':
      return signIn(scene, step);
    case 'update':
      return update(scene, step);
    case 'delete':
      return remove(scene, step);
    case 'read':
      return {
        real: await answerOf(() => readOrganization(opened.tenancy, step.name)),
        expected: model.read(step.name),
      };
    case 'pass time':
      opened.clock.pass(step.milliseconds);
      return silence;
    case 'sweep':
      await sweep(opened.tenancy, { signal: new AbortController().signal, sparesRecent: false });
      model.sweep();
      return silence;
    case 'restart':
      await opened.restart();
      return silence;
  }
}

type StepOf<C extends Step['call']> = Extract<Step, { readonly call: C }>;

async function create({ opened, model }: Scene, step: StepOf<'create'>): Promise<Compared> {
  const { name, email, password, isHalf } = step;
  const pattern = model.collectionPattern(name);
  const { tenancy } = opened;
  const failing = intercept(tenancy.documents, 'makeCollection', () => Promise.reject(unavailable()));
  const chosen = isHalf ? { ...tenancy, documents: failing } : tenancy;
  let collection = '';
  const real = await answerOf(async () => {
    const view = await createOrganization(chosen, { organization_name: name, email, password }, byTest);
    // The suffix is the end of a random id: the model takes it over where it is of the right form.
    if (pattern.test(view.collection_name)) collection = view.collection_name;
    return view;
  });
  return { real, expected: model.create({ name, email, password }, { collection, isHalf }) };
}

async function signIn({ opened, model, tokens }: Scene, step: StepOf<'sign in'>): Promise<Compared> {
  const { email, password } = typeof step.as === 'number' ? model.adminAt(step.as) : step.as;
  const real = await answerOf(async () => {
    tokens.push(await signInAdmin(opened.tenancy, { email, password }, '192.0.2.1', byTest));
    return 'token';
  });
  return { real, expected: model.signIn(email, password) };
}

async function update({ opened: { tenancy }, model, tokens }: Scene, step: StepOf<'update'>): Promise<Compared> {
  const turn = tokens.length - 1 - step.token;
  const name = nameOf(model, step.target, turn);
  const { name: new_organization_name, email, password } = step.change;
  const real = await answerOf(async () => {
    const caller = await authenticateAdmin(tenancy, tokens[turn] ?? '');
    return updateOrganization(
      tenancy,
      caller,
      { organization_name: name, new_organization_name, email, password },
      byTest,
    );
  });
  return { real, expected: model.update(turn, name, step.change) };
}

async function remove({ opened: { tenancy }, model, tokens }: Scene, step: StepOf<'delete'>): Promise<Compared> {
  const turn = tokens.length - 1 - step.token;
  const name = nameOf(model, step.target, turn);
  const real = await answerOf(async () => {
    const caller = await authenticateAdmin(tenancy, tokens[turn] ?? '');
    const { erased: _, ...deleted } = await deleteOrganization(faulty(tenancy, step.drop), caller, name, byTest);
    return deleted;
  });
  return { real, expected: model.delete(turn, name, step.drop) };
}

function nameOf(model: OrganizationsModel, target: Target, turn: number): string {
  if (target === 'own') return model.nameOf(turn);
  return typeof target === 'number' ? model.nameAt(target) : target.name;
}

function faulty(tenancy: Tenancy, drop: Drop): Tenancy {
  if (drop === 'answered') return tenancy;
  const documents = intercept(tenancy.documents, 'dropCollection', async (forward) => {
    if (drop === 'lost') await forward();
    throw unavailable();
  });
  return { ...tenancy, documents };
}

async function answerOf(call: () => Promise<unknown>): Promise<Answer> {
  try {
    return { value: await call() };
  } catch (error) {
    if (!(error instanceof TenantryError)) throw error;
    return { code: error.code };
  }
}
