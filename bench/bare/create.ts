import bcrypt from '@node-rs/bcrypt';
import type { FastifyInstance } from 'fastify';
import { typeid } from 'typeid-js';
import { startGathering } from './gather.ts';
import { createTurns } from './turns.ts';
import type { Creation, WriterData } from './writer.ts';

/**
 * `POST /org/create`: the same hash, then the same two rows and the organization's table, written by a thread that
 * commits what has gathered in one transaction for each file.
 */
export function createRoute(server: FastifyInstance, directory: string, cost: number): void {
  const inTurn = createTurns();
  const workerData: WriterData = { directory };
  const write = startGathering<Creation, boolean>(new URL('writer.ts', import.meta.url), workerData);
  server.post<{ Body: { organization_name: string; email: string; password: string } }>(
    '/org/create',
    async (request, reply) => {
      const { organization_name: name, email, password } = request.body;
      const hash = await inTurn(() => bcrypt.hash(password, { cost }));
      const created_at = new Date().toISOString();
      const times = { created_at, updated_at: created_at };
      const userId = typeid('usr').toString();
      const id = typeid('org').toString();
      const key = name.toLowerCase();
      const collection_name = `org_${key.replaceAll(/[^a-z0-9_]/g, '_')}`;
      const user = {
        id: userId,
        version: 1,
        email,
        email_key: email,
        password: { scheme: 'bcrypt', hash },
        generation: 1,
      };
      const organization = {
        id,
        version: 1,
        name,
        name_key: key,
        collection_name,
        admin_user_id: userId,
        status: 'active',
      };
      const isNew = await write({
        id,
        userId,
        collection: collection_name,
        user: { ...user, ...times },
        organization: {
          ...organization,
          placement: { level: 'collection', cluster: 'main', database: 'tenants-0001', epoch: 1 },
          ...times,
        },
      });
      if (!isNew) return reply.code(400).send({});
      return reply.code(201).send({ organization_name: name, collection_name, admin_email: email, created_at });
    },
  );
}
