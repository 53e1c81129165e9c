import { randomBytes, randomInt } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import middy from '@middy/core';
import { createDataApiDatabase, createRdsDataClient } from '../../adapters/database/data-api-database.ts';
import { whenAwake } from '../../adapters/database/data-api-transaction.ts';
import { readEnvironment, variables } from '../../adapters/environment.ts';
import { createSecrets } from '../../adapters/secrets/secrets.ts';
import { logger, logInvocation } from '../middleware/logger.ts';
import { type RotationEffects, rotate, rotationEventSchema } from './rotate.ts';

const environment = readEnvironment(variables.databaseAddress);
const client = createRdsDataClient();

/** 238 bits, and nothing that a connection string would have to escape. */
const PASSWORD_LENGTH = 40;
const CHARACTERS = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789';

const effects: RotationEffects = {
  secrets: createSecrets(),
  databaseOf: (secretArn) => {
    const database = createDataApiDatabase({
      client,
      clusterArn: environment.DATABASE_CLUSTER_ARN,
      databaseName: environment.DATABASE_NAME,
      secretArn,
    });
    return { execute: (sql, input) => whenAwake(() => database.execute(sql, input), sleep) };
  },
  newPassword: () =>
    Array.from({ length: PASSWORD_LENGTH }, () => CHARACTERS.charAt(randomInt(CHARACTERS.length))).join(''),
  newSalt: () => randomBytes(16),
};

async function rotateSecret(event: unknown): Promise<void> {
  const rotation = rotationEventSchema.parse(event);
  await rotate(rotation, effects);
  logger.info('rotation step done', { step: rotation.Step, secret: rotation.SecretId });
}

export const handler = middy<unknown, void>().use(logInvocation()).handler(rotateSecret);
