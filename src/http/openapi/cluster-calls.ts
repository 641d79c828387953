import type { Call } from './call.ts';
import { countedCallFails, unknownParameter } from './call-fails.ts';
import { schemaNamed } from './schema.ts';

/** The calls about clusters. */
export const clusterCalls: readonly Call[] = [
  {
    method: 'get',
    path: '/v1/clusters',
    tag: 'Operation',
    id: 'listClusters',
    summary: 'How the clusters stand',
    description:
      'For the operator: the clusters of the installation in the order of the settings, in which new organizations fill them; what organizations have in each, and how much more it takes. One that does not answer is `down`. The answer is `Cache-Control: no-store`.',
    success: {
      status: 200,
      description: 'The clusters.',
      mediaType: 'application/json',
      schema: schemaNamed('Clusters'),
      example: {
        data: [
          {
            name: 'main',
            kind: 'embedded',
            health: 'up',
            organizations: 2,
            standing_collections: 2,
            databases: 0,
            bytes: 172_032,
            collections: 2,
            room: { collections: null, databases: null },
          },
        ],
      },
    },
    errors: {
      ...countedCallFails,
      not_authenticated: undefined,
      route_not_found: { detail: 'There is nothing at this path' },
      invalid_value: unknownParameter,
      storage_unavailable: undefined,
    },
  },
];
