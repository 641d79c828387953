import assert from 'node:assert/strict';
import { readSettings, SettingsError, type WrongSetting } from '../src/settings.ts';

/** What is wrong with an environment, by name. */
export function wrongIn(environment: Record<string, string>, dotenvText?: string): Record<string, WrongSetting> {
  try {
    readSettings(environment, dotenvText);
  } catch (error) {
    assert.ok(error instanceof SettingsError);
    return Object.fromEntries(error.wrong.map((wrong) => [wrong.name, wrong]));
  }
  return {};
}
