import { hostname } from 'node:os';
import { GetCallerIdentityCommand, STSClient } from '@aws-sdk/client-sts';
import { CliError, EXIT } from './errors.ts';

export interface AwsAccess {
  readonly region?: string;
  readonly profile?: string;
}

/** The origin of an operation: this machine, and on AWS also the identity of the credentials. */
export async function originOf(access: AwsAccess | undefined): Promise<string> {
  return access === undefined ? hostname() : `${await identityOf(access)} on ${hostname()}`;
}

async function identityOf(access: AwsAccess): Promise<string> {
  try {
    const { Arn } = await new STSClient(access).send(new GetCallerIdentityCommand({}));
    return Arn ?? 'an identity without a name';
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new CliError(
      `AWS doesn't return your identity (sts:GetCallerIdentity): ${reason}. Operations are logged with it: sign in first.`,
      EXIT.refused,
      { cause },
    );
  }
}
