/** Who asks. */
export type Principal =
  | {
      readonly kind: 'role';
      readonly arn: string;
      /** Who has assumed it. */
      readonly functionName: string;
      /** As AWS names the two together. */
      readonly name: string;
    }
  /** An AWS service on its own behalf; resource policies alone count for it. */
  | { readonly kind: 'service'; readonly name: string }
  /** Whoever runs this machine: as an administrator of the account, allowed what no policy denies. */
  | { readonly kind: 'administrator'; readonly name: string };

/** @param functionName whose session it is; a service that assumes the role gives its own name */
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
