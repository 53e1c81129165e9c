import { isPrivateAddress } from '../loopback.ts';

/** Longer ones are cut by browsers and proxies. */
export const RETURN_URL_LIMIT = 2_000;

/**
 * What is wrong with a URL that a buyer is sent back to after the PSP's page; undefined if nothing is. HTTPS only, but for
 * a server on the same machine.
 */
export function problemOfReturnUrl(text: string): string | undefined {
  if (text.length > RETURN_URL_LIMIT)
    return `has ${text.length} characters; send at most ${RETURN_URL_LIMIT}`;
  const url = URL.parse(text);
  if (url === null) return 'is not an absolute URL; write for example "https://shop.example/orders/1"';
  if (!isPrivateAddress(url)) return 'does not begin with https://; buyers return over HTTPS only';
  if (url.username !== '' || url.password !== '') return 'contains a user name or password; leave them out';
  return undefined;
}
