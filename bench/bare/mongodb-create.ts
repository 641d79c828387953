import bcrypt from '@node-rs/bcrypt';
import type { FastifyInstance } from 'fastify';
import type { Db } from 'mongodb';
import { typeid } from 'typeid-js';
import { type BareDocument, durable } from './mongodb.ts';
import { createTurns } from './turns.ts';

/** `POST /org/create`: the same hash, then the same two documents in one transaction, then the organization's collection. */
export function mongodbCreateRoute(server: FastifyInstance, database: Db, cost: number): void {
  const inTurn = createTurns();
  const users = database.collection<BareDocument>('users');
  const organizations = database.collection<BareDocument>('organizations');
  const transaction = { readConcern: { level: 'snapshot' }, writeConcern: durable } as const;
  server.post<{ Body: { organization_name: string; email: string; password: string } }>(
    '/org/create',
    async (request, reply) => {
      const { organization_name: name, email, password } = request.body;
      const hash = await inTurn(() => bcrypt.hash(password, { cost }));
      const created_at = new Date().toISOString();
      const times = { created_at, updated_at: created_at };
      const _id = typeid('usr').toString();
      const key = name.toLowerCase();
      const collection_name = `org_${key.replaceAll(/[^a-z0-9_]/g, '_')}`;
      const user = { _id, version: 1, email, email_key: email, password: { scheme: 'bcrypt', hash }, generation: 1 };
      const organization = {
        _id: typeid('org').toString(),
        version: 1,
        name,
        name_key: key,
        collection_name,
        admin_user_id: _id,
        status: 'active',
        placement: { level: 'collection', cluster: 'main', database: database.databaseName, epoch: 1 },
      };
      await database.client.withSession((session) =>
        session.withTransaction(async () => {
          await organizations.insertOne({ ...organization, ...times }, { session });
          await users.insertOne({ ...user, ...times }, { session });
        }, transaction),
      );
      await database.createCollection(collection_name);
      return reply.code(201).send({ organization_name: name, collection_name, admin_email: email, created_at });
    },
  );
}
