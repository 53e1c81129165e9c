/**
 * Finds secrets in text: in what is built, synthesized and logged. Rules rather than guesses, each with what it would
 * otherwise miss; high entropy alone says nothing in a minified bundle, so it counts only where a name says what it is.
 */
export interface Finding {
  readonly where: string;
  readonly rule: string;
  readonly text: string;
}

interface Rule {
  readonly name: string;
  readonly form: RegExp;
  /** Whether what has the form is none after all. */
  readonly isHarmless?: (text: string, value: string) => boolean;
}

const RULES: readonly Rule[] = [
  { name: 'one of our API keys', form: /\bopk_(?:live|test)_[0-9a-f]{16}_([0-9a-f]{24,})/g },
  { name: 'an AWS access key id', form: /\b((?:AKIA|ASIA)[0-9A-Z]{16})\b/g },
  { name: 'a private key', form: /-----BEGIN [A-Z ]*PRIVATE KEY-----\s*([A-Za-z0-9+/=\s]{40,})/g },
  { name: 'a secret key of a payment provider', form: /\b(?:sk|rk)_(?:live|test)_([0-9A-Za-z]{16,})/g },
  { name: 'a webhook secret', form: /\bwhsec_([0-9A-Za-z+/=]{16,})/g },
  { name: 'a token of GitHub', form: /\bgh[opsu]_([0-9A-Za-z]{30,})/g },
  { name: 'a token of npm', form: /\bnpm_([0-9A-Za-z]{36})\b/g },
  { name: 'a token of Slack', form: /\bxox[abprs]-([0-9A-Za-z-]{20,})/g },
  { name: 'a signed JSON web token', form: /\b(eyJ[\w-]{10,}\.eyJ[\w-]{10,}\.[\w-]{10,})/g },
  {
    name: 'a password in a URL',
    form: /\b[a-z][a-z0-9+.-]{1,20}:\/\/[^\s:/@"'`\\]{1,64}:([^\s/@"'`\\]{3,128})@[\w.[-]/gi,
    isHarmless: (_text, value) => /^[$*<{]|redacted|^password$/.test(value),
  },
  {
    name: 'a credential in the HTTP header',
    form: /\b(?:Bearer|Basic) ([\w.~+/-]{20,}=*)/g,
    isHarmless: (_text, value) => !isRandom(value),
  },
  {
    name: 'a random value whose name says that it is secret',
    form: /(?:password|passwd|secret|api_?key|access_?key|private_?key|auth_?token|access_?token|credential)["']?\s*[:=]\s*["'`]([\w+/=.~-]{16,200})["'`]/gi,
    isHarmless: (_text, value) => !isRandom(value),
  },
];

/** What each rule finds, with its surroundings. */
export function scanText(where: string, text: string): readonly Finding[] {
  return RULES.flatMap(({ name, form, isHarmless }) =>
    [...text.matchAll(form)]
      .filter(([whole, value]) => isHarmless?.(whole, value ?? '') !== true)
      .map(([whole]) => ({ where, rule: name, text: whole })),
  );
}

/** Bits per character from which a text of some length is more like chance than like words: hex has 4, base64 6 at most. */
const RANDOM_BITS = 3.4;

function isRandom(text: string): boolean {
  const hasKinds = /\d/.test(text) && /[A-Za-z]/.test(text);
  return hasKinds && entropy(text) >= RANDOM_BITS;
}

function entropy(text: string): number {
  const counts = new Map<string, number>();
  for (const character of text) counts.set(character, (counts.get(character) ?? 0) + 1);
  return [...counts.values()].reduce((bits, count) => {
    const share = count / text.length;
    return bits - share * Math.log2(share);
  }, 0);
}
