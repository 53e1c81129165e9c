import { withoutCardNumbers } from '../domain/payment/card-number.ts';

const HIDDEN = '[redacted]';

/** Secrets that are recognizable by their format, and their replacements. */
const FORMS: readonly (readonly [form: RegExp, left: string])[] = [
  // The id stays, so that the key can be revoked.
  [/\bopk_(live|test)_([0-9a-f]{1,16})(?:_\w*)?/g, `opk_$1_$2_${HIDDEN}`],
  [/-----BEGIN [A-Z ]*PRIVATE KEY-----[\s\S]*?(?:-----END [A-Z ]*PRIVATE KEY-----|$)/g, HIDDEN],
  [/\b(?:AKIA|ASIA)[0-9A-Z]{16}\b/g, HIDDEN],
  [
    /\b(?:sk|rk)_(?:live|test)_[0-9A-Za-z]{8,}|\bwhsec_[0-9A-Za-z+/=]{8,}|\bgh[opsu]_[0-9A-Za-z]{20,}/g,
    HIDDEN,
  ],
  [/\beyJ[\w-]{8,}\.[\w-]{8,}(?:\.[\w-]*)?/g, HIDDEN],
  [/\b(Bearer|Basic) +(?!opk_)[\w.~+/=-]{8,}/gi, `$1 ${HIDDEN}`],
  [/\b([a-z][a-z0-9+.-]*:\/\/[^\s:/@]{1,64}):[^\s/@]{1,256}@/gi, `$1:${HIDDEN}@`],
  [
    /\b(password|passwd|secret(?:_?access)?_?key|client_?secret|api_?key|access_?token)(["']?\s*[:=]\s*["']?)[^\s"',;&]{4,}/gi,
    `$1$2${HIDDEN}`,
  ],
];

/** Text that every format contains: nearly no log text has any of it, so one check is enough. */
const ANY_MARK = /opk_|BEGIN|A[KS]IA|[sr]k_|whsec_|gh[opsu]_|eyJ|bearer|basic|:\/\/|passw|secret|key|token/i;

/** Values that are redacted because of their names. */
const NAMES: ReadonlySet<string> = new Set([
  'authorization',
  'cookie',
  'password',
  'secret',
  'client_secret',
  'api_key',
  'x_api_key',
  'access_token',
  'refresh_token',
  'private_key',
  'card_number',
  'cvc',
  'cvv',
]);

/** The text without card numbers, API keys, tokens, passwords and private keys. */
export function redactText(text: string): string {
  return withoutCardNumbers(ANY_MARK.test(text) ? withoutForms(text) : text, HIDDEN);
}

function withoutForms(text: string): string {
  return FORMS.reduce((redacted, [form, left]) => redacted.replaceAll(form, left), text);
}

/** Names that needed no redaction: a function's lines have the same few. */
const cleanNames = new Set<string>();
const CLEAN_NAMES_LIMIT = 500;

function isCleanName(name: string): boolean {
  if (cleanNames.has(name)) return true;
  if (redactText(name) !== name) return false;
  if (cleanNames.size < CLEAN_NAMES_LIMIT) cleanNames.add(name);
  return true;
}

/**
 * For `JSON.stringify`: redacts every string and every name that is logged. No caller's input is logged on purpose; this is for
 * input in other libraries' messages.
 */
export function redactForLog(name: string, value: unknown): unknown {
  if (typeof value === 'string') return isSecretName(name) ? HIDDEN : redactText(value);
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return value;
  const names = Object.keys(value);
  if (names.every(isCleanName)) return value;
  return Object.fromEntries(Object.entries(value).map(([each, inner]) => [redactText(each), inner]));
}

function isSecretName(name: string): boolean {
  return NAMES.has(name.toLowerCase().replaceAll('-', '_'));
}
