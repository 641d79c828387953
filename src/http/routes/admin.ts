import { signInAdmin } from '../../organizations/sign-in.ts';
import type { Tenancy } from '../../organizations/tenancy.ts';
import { limitKey } from '../address.ts';
import { bodyLimitOf } from '../body.ts';
import type { Server } from '../framework.ts';
import { originOf } from '../origin.ts';

/** What `POST /admin/login` takes. */
export const signInSchema = {
  body: {
    type: 'object',
    additionalProperties: false,
    required: ['email', 'password'],
    properties: { email: { type: 'string' }, password: { type: 'string' } },
  },
} as const;

/** `POST /admin/login`: an access token for an email and a password. */
export function adminRoutes(server: Server, tenancy: Tenancy): void {
  server.post(
    '/admin/login',
    {
      schema: signInSchema,
      config: { reference: true },
      bodyLimit: bodyLimitOf(server),
    },
    async (request, reply) => {
      const access_token = await signInAdmin(tenancy, request.body, limitKey(request.ip), originOf(request));
      reply.header('cache-control', 'no-store');
      return { access_token, token_type: 'bearer' };
    },
  );
}
