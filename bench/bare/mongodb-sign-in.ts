import { generateKeyPairSync, randomUUID } from 'node:crypto';
import bcrypt from '@node-rs/bcrypt';
import type { FastifyInstance } from 'fastify';
import { calculateJwkThumbprint, SignJWT } from 'jose';
import type { Db } from 'mongodb';
import type { BareDocument } from './mongodb.ts';
import { createTurns } from './turns.ts';

/** What is used of a user. */
interface BareUser extends BareDocument {
  readonly email: string;
  readonly generation: number;
  readonly password: { readonly hash: string };
}

const tokenSeconds = 30 * 60;

/** `POST /admin/login`: the user, the hash, the user's organization, and a token of the same claims by a key of the same kind. */
export async function mongodbSignInRoute(server: FastifyInstance, database: Db): Promise<void> {
  const { privateKey, publicKey } = generateKeyPairSync('ed25519');
  const header = { alg: 'EdDSA', typ: 'JWT', kid: await calculateJwkThumbprint(publicKey) };
  const users = database.collection<BareUser>('users');
  const organizations = database.collection<BareDocument>('organizations');
  const inTurn = createTurns();
  server.post<{ Body: { email: string; password: string } }>('/admin/login', async (request, reply) => {
    const user = await users.findOne({ email_key: request.body.email });
    if (user === null) return reply.code(401).send();
    const { password, email, generation } = user;
    const right = await inTurn(() => bcrypt.verify(request.body.password, password.hash));
    const organization = await organizations.findOne({ admin_user_id: user._id });
    if (!right || organization === null) return reply.code(401).send();
    const issuedAt = Math.floor(Date.now() / 1_000);
    const { _id: organization_id, name: organization_name } = organization;
    const access_token = await new SignJWT({ email, generation, organization_id, organization_name })
      .setProtectedHeader(header)
      .setIssuer('tenantry')
      .setAudience('tenantry')
      .setSubject(user._id)
      .setIssuedAt(issuedAt)
      .setExpirationTime(issuedAt + tokenSeconds)
      .setJti(randomUUID())
      .sign(privateKey);
    return reply.send({ access_token, token_type: 'bearer' });
  });
}
