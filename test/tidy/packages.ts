import { type Fault, lineOf, type Rule } from './tree.ts';

interface Entry {
  readonly link?: boolean;
  readonly optional?: boolean;
  readonly resolved?: string;
  readonly integrity?: string;
  readonly hasInstallScript?: boolean;
  readonly optionalDependencies?: Readonly<Record<string, string>>;
}

const lockfile = 'package-lock.json';

/** The packages whose install script runs: the one that brings Node. */
const mayRunScripts = ['node'];

/** `npm ci` finds the parts for every system in the lockfile, whatever system it was made on. */
export const everySystemIsLocked: Rule = (files) => {
  const { entries, told } = readLockfile(files);
  return [...entries].flatMap(([folder, { optionalDependencies = {} }]) =>
    Object.keys(optionalDependencies)
      .filter((name) => !placesOf(folder, name).some((place) => entries.has(place)))
      .map((name) => told(folder, `${name} has no entry: lock again from an empty node_modules`)),
  );
};

/** Packages come from the registry that npm is set to, and are what was locked. */
export const noRegistryIsLocked: Rule = (files) => {
  const { entries, told } = readLockfile(files);
  return [...entries]
    .filter(([folder, { link }]) => folder.includes('node_modules/') && !link)
    .flatMap(([folder, { resolved, integrity, optional }]) => [
      ...(resolved === undefined
        ? []
        : [told(folder, 'remove `resolved`: npm config omit-lockfile-registry-resolved')]),
      // What is for another system may have been locked where its archive could not be had.
      ...(integrity === undefined && !optional ? [told(folder, '`integrity` is missing: lock again')] : []),
    ]);
};

/** No package runs code at installation but the approved ones, and each that would is decided on. */
export const installScriptsAreApproved: Rule = (files) => {
  const { entries, told } = readLockfile(files);
  const manifest = files.find(({ path }) => path === 'package.json');
  const allowScripts: Readonly<Record<string, boolean>> = JSON.parse(manifest?.text ?? '{}').allowScripts ?? {};
  return [
    ...[...entries]
      .filter(([folder, { hasInstallScript }]) => hasInstallScript && !(nameOf(folder) in allowScripts))
      .map(([folder]) => told(folder, `it has an install script: say false for it in allowScripts of package.json`)),
    ...Object.entries(allowScripts)
      .filter(([name, allowed]) => allowed && !mayRunScripts.includes(name))
      .map(([name]) => ({ path: 'package.json', line: 1, advice: `the install script of ${name} must not run` })),
  ];
};

function readLockfile(files: Parameters<Rule>[0]) {
  const text = files.find(({ path }) => path === lockfile)?.text ?? '{}';
  const entries = new Map<string, Entry>(Object.entries(JSON.parse(text).packages ?? {}));
  const told = (folder: string, advice: string): Fault => ({
    path: lockfile,
    line: lineOf(text, text.indexOf(`"${folder}": {`)),
    advice: `${nameOf(folder)}: ${advice}`,
  });
  return { entries, told };
}

function nameOf(folder: string): string {
  return folder.slice(folder.lastIndexOf('node_modules/') + 'node_modules/'.length);
}

/** Where Node looks for a package that one in the folder imports. */
function placesOf(folder: string, name: string): string[] {
  const above = folder.lastIndexOf('node_modules/');
  const here = `${folder === '' ? '' : `${folder}/`}node_modules/${name}`;
  return above < 0
    ? [here, `node_modules/${name}`]
    : [here, ...placesOf(folder.slice(0, above).replace(/\/$/, ''), name)];
}
