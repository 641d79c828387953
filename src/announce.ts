import type { AddressInfo } from 'node:net';
import { leftOut } from './settings/roles.ts';
import type { Settings } from './settings/table.ts';

/** What is told of a process that has started. */
export interface Announced {
  /** Of the program. */
  readonly version: string;
  /** What is listened to. */
  readonly address: AddressInfo;
  /** Where the data is and what keeps it, as it may be shown. */
  readonly shown: { readonly data: string; readonly engine: string };
}

/** The few lines that whoever started the service by hand reads. */
export function announcement({ HOST, ENV, PUBLIC_URL, ROLES, BROKER_URL }: Settings, told: Announced): string {
  const { address, port, family } = told.address;
  const host = family === 'IPv6' ? `[${address}]` : address;
  const url = `http://${HOST === 'localhost' ? HOST : host}:${port}`;
  const hasCalls = ROLES.some((role) => role !== 'worker');
  const lines = [
    ...(hasCalls
      ? [
          ['API', url],
          ['Docs', `${url}/docs`],
        ]
      : [['Health', `${url}/health/ready`]]),
    ...(hasCalls && PUBLIC_URL !== undefined ? [['Public', PUBLIC_URL]] : []),
    ...(leftOut(ROLES).length > 0 ? [['Roles', ROLES.join(', ')]] : []),
    ['Data', told.shown.data],
    ['Engine', told.shown.engine],
    // No other process hands events on.
    ...(BROKER_URL !== undefined && ROLES.includes('worker') ? [['Broker', BROKER_URL.shown]] : []),
    ['Ready in', `${Math.round(process.uptime() * 1_000)} ms`],
  ];
  const title = `Tenantry ${told.version}${ENV === 'production' ? '' : ` (${ENV})`}`;
  return [title, ...lines.map(([name = '', value = '']) => `  ${name.padEnd(8)}  ${value}`)].join('\n');
}
