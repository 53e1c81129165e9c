import { hostname } from 'node:os';
import { GetCallerIdentityCommand, STSClient } from '@aws-sdk/client-sts';
import { CliError, EXIT } from './errors.ts';

export interface AwsAccess {
  readonly region?: string;
  readonly profile?: string;
}

/** Where an operator's word comes from: this machine, and on AWS the identity whose credentials are used. */
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
      `AWS doesn't say who asks (sts:GetCallerIdentity): ${reason}. What is done by hand is recorded with who did it: sign in first.`,
      EXIT.refused,
      { cause },
    );
  }
}
