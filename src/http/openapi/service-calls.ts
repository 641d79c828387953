import type { Call } from './call.ts';
import { anyCallFails, countedCallFails } from './call-fails.ts';
import { schemaNamed } from './schema.ts';

const page = { type: 'string', contentMediaType: 'text/html' } as const;

/** The calls about the service itself: what it is, whether it works, and its documentation. */
export function serviceCalls(version: string): readonly Call[] {
  return [
    {
      method: 'get',
      path: '/',
      tag: 'Operation',
      id: 'getService',
      summary: 'What answers here',
      description: 'The service, its version and where its documentation is.',
      success: {
        status: 200,
        description: 'The service.',
        mediaType: 'application/json',
        schema: schemaNamed('Service'),
        example: { message: 'Tenantry is running', version, docs: '/docs' },
      },
      errors: countedCallFails,
    },
    {
      method: 'get',
      path: '/health/live',
      tag: 'Operation',
      id: 'getLive',
      summary: 'Whether the process answers',
      description:
        'Says that the process answers, whatever it has to do. Where it does not, start it again. No limit counts this call.',
      uncounted: true,
      success: {
        status: 200,
        description: 'It does.',
        mediaType: 'application/json',
        schema: schemaNamed('Live'),
        example: { status: 'live' },
      },
      errors: anyCallFails,
    },
    {
      method: 'get',
      path: '/health/ready',
      tag: 'Operation',
      id: 'getReady',
      summary: 'Whether calls can be served',
      description:
        'Reads from the database. Where it fails, or the service stops, send calls elsewhere. No limit counts this call.',
      uncounted: true,
      success: {
        status: 200,
        description: 'They can.',
        mediaType: 'application/json',
        schema: schemaNamed('Ready'),
        example: { status: 'ready' },
      },
      errors: {
        ...anyCallFails,
        stopping: { detail: 'The service is stopping' },
        storage_unavailable: undefined,
      },
    },
    {
      method: 'get',
      path: '/metrics',
      tag: 'Operation',
      id: 'getMetrics',
      summary: 'What the service measures',
      description:
        'All metrics, as Prometheus reads them. With `TENANTRY_METRICS_TOKEN` set, for its bearer alone; else for callers on the same machine, where the service listens on a loopback address and no proxy is trusted. For all others there is nothing here. No limit counts this call.',
      uncounted: true,
      success: {
        status: 200,
        description: 'The metrics.',
        mediaType: 'text/plain',
        schema: { type: 'string' },
        example: [
          '# HELP tenantry_request_seconds Time from a request to the end of its answer; _count counts the requests.',
          '# TYPE tenantry_request_seconds histogram',
        ].join('\n'),
      },
      errors: { ...anyCallFails, route_not_found: undefined },
    },
    {
      method: 'get',
      path: '/.well-known/jwks.json',
      tag: 'Log-in',
      id: 'getKeys',
      summary: 'The keys that verify access tokens',
      description:
        'A set of keys (RFC 7517), for services that check access tokens themselves. It may be kept for five minutes.',
      success: {
        status: 200,
        description: 'The keys: the one that signs, and those whose tokens are not over.',
        mediaType: 'application/json',
        schema: schemaNamed('KeySet'),
        example: {
          keys: [
            {
              kty: 'OKP',
              crv: 'Ed25519',
              x: '11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo',
              kid: 'kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k',
              alg: 'EdDSA',
              use: 'sig',
            },
          ],
        },
      },
      errors: countedCallFails,
    },
    documentation('/docs', 'getDocs', 'This documentation, to try the calls out', 'Swagger UI.'),
    documentation('/redoc', 'getRedoc', 'This documentation, to read', 'ReDoc.'),
    {
      method: 'get',
      path: '/openapi.json',
      tag: 'Documentation',
      id: 'getOpenApi',
      summary: 'This documentation, for programs',
      description: 'OpenAPI 3.1, of which clients can be generated.',
      tagged: true,
      success: {
        status: 200,
        description: 'The document.',
        mediaType: 'application/json',
        schema: { type: 'object' },
        example: { openapi: '3.1.1', info: { title: 'Tenantry', summary: 'Organizations for your SaaS.' } },
      },
      errors: countedCallFails,
    },
  ];
}

function documentation(path: string, id: string, summary: string, what: string): Call {
  return {
    method: 'get',
    path,
    tag: 'Documentation',
    id,
    summary,
    description: `${what} Nothing is loaded from elsewhere.`,
    tagged: true,
    success: {
      status: 200,
      description: 'A page.',
      mediaType: 'text/html',
      schema: page,
      example: '<!doctype html>\n<html lang="en">',
    },
    errors: countedCallFails,
  };
}
