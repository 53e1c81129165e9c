/** The caller. */
export type Principal =
  | {
      readonly kind: 'role';
      readonly arn: string;
      /** The function that has assumed it. */
      readonly functionName: string;
      /** AWS's name for the session. */
      readonly name: string;
    }
  /** An AWS service on its own behalf; only resource policies apply to it. */
  | { readonly kind: 'service'; readonly name: string }
  /** The user of this machine: as an administrator of the account, allowed everything that no policy denies. */
  | { readonly kind: 'administrator'; readonly name: string };

/** @param functionName the session's function; a service that assumes the role passes its own name */
export function rolePrincipal(arn: string, functionName: string): Principal {
  const [, , , , accountId, path = ''] = arn.split(':');
  const name = `arn:aws:sts::${accountId}:assumed-role/${path.split('/').at(-1)}/${functionName}`;
  return { kind: 'role', arn, functionName, name };
}

export function servicePrincipal(name: string): Principal {
  return { kind: 'service', name };
}

export function administrator(accountId: string): Principal {
  return { kind: 'administrator', name: `arn:aws:iam::${accountId}:user/administrator` };
}
