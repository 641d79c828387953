import { existsSync } from 'node:fs';

// Plain JavaScript that Node 18 can parse: it is what speaks where Node is too old for everything else.

/** The oldest Node that runs the TypeScript sources as they are. */
const oldestMajor = 24;

/**
 * What to say where this Node is too old, and how it is repaired; undefined where it is new enough.
 *
 * @param {string} script the npm command that runs the same with the right Node, such as `npm start`
 * @param {string} version as `process.versions.node`
 * @returns {string | undefined}
 */
export function outdatedNode(script, version = process.versions.node) {
  if (Number.parseInt(version, 10) >= oldestMajor) {
    return undefined;
  }
  const lines = [`Tenantry needs Node ${oldestMajor} or later, but this is Node ${version} (${process.execPath}).`];
  if (existsSync(new URL('../node_modules/node/bin/node', import.meta.url))) {
    lines.push(`npm has installed Node ${oldestMajor} here. This uses it: ${script}`);
  } else {
    lines.push(
      `npm brings Node ${oldestMajor} as the development dependency "node". It is not here, because the installation left out`,
      'development dependencies or did not run scripts. This repairs it:',
      '  npm ci --include=dev --ignore-scripts=false',
      `and then: ${script}`,
    );
  }
  return lines.join('\n');
}
