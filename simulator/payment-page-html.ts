import { formatAmount } from '../domain/money/currency.ts';
import type { ChargeStatus } from './charge-status.ts';
import { PAGE_STYLE, PAGE_STYLE_HASH } from './payment-page-style.ts';
import type { Charge } from './record.ts';

export interface PageContent {
  readonly html: string;
  /** For the content security policy. */
  readonly styleHash: string;
  /**
   * What the form may redirect to beside this page. A browser applies it to each redirect up to the merchant's page, which only
   * the merchant's server knows: so it is a scheme, such as `https:`, and not an origin.
   */
  readonly formTarget: string | undefined;
}

export interface PaymentPageState {
  /** The form's CSRF token. */
  readonly token: string;
  /** The merchant's page with its parameters; undefined if there is none. */
  readonly returnTo: string | undefined;
  /** The buyer closed the page without deciding, and there is no merchant's page. */
  readonly hasLeft: boolean;
}

interface Headline {
  readonly tone: 'waiting' | 'good' | 'bad';
  readonly title: string;
  readonly text: string;
}

const HEADLINES: Readonly<Record<ChargeStatus, Headline>> = {
  requires_action: {
    tone: 'waiting',
    title: 'Approve this payment?',
    text: 'Check the amount, then approve or decline.',
  },
  authenticated: {
    tone: 'good',
    title: 'Payment approved',
    text: 'The shop completes the payment now. You can close this page.',
  },
  processing: {
    tone: 'waiting',
    title: 'Payment in progress',
    text: 'It takes a moment. You can close this page.',
  },
  succeeded: { tone: 'good', title: 'Payment complete', text: 'You can close this page.' },
  declined: { tone: 'bad', title: 'Payment declined', text: 'Nothing was charged.' },
  expired: {
    tone: 'bad',
    title: 'This payment has expired',
    text: 'It can no longer be approved. Nothing was charged. Go back to the shop and start again.',
  },
  invalidated: {
    tone: 'bad',
    title: 'This payment was cancelled',
    text: 'The shop has cancelled it, so it can no longer be approved. Nothing was charged.',
  },
};

/** The page of one payment. */
export function renderPayment(charge: Charge, state: PaymentPageState): PageContent {
  const { tone, title, text } = HEADLINES[charge.status];
  const waits = charge.status === 'requires_action';
  const notice = waits ? noticeOf(charge, state) : '';
  const { returnTo } = state;
  const link =
    waits || returnTo === undefined
      ? ''
      : `<p class="return"><a href="${escaped(returnTo)}" rel="noreferrer">Return to the shop</a></p>`;
  const content = `${headline(tone, title, text)}
${notice}${details(charge)}
${waits ? form(state.token) : link}`;
  return document(title, content, returnTo === undefined ? undefined : new URL(returnTo).protocol);
}

/** A page with one message. */
export function renderMessage(title: string, text: string): PageContent {
  return document(title, headline('bad', title, text), undefined);
}

function noticeOf({ declineCode }: Charge, { hasLeft }: PaymentPageState): string {
  if (hasLeft) {
    return '<p class="notice" role="status">Nothing has been decided. You can still approve or decline.</p>\n';
  }
  return declineCode === null
    ? ''
    : '<p class="notice" role="status">The last try was declined. You can try again.</p>\n';
}

function headline(tone: Headline['tone'], title: string, text: string): string {
  return `<h1 class="${tone}">${escaped(title)}</h1>
<p class="lead">${escaped(text)}</p>`;
}

function details(charge: Charge): string {
  const { amount, currency, reference, dueAt } = charge;
  const until =
    charge.status !== 'requires_action' || dueAt === null
      ? ''
      : `\n<div><dt>Approve before</dt><dd>${timeOf(dueAt)}</dd></div>`;
  return `<dl>
<div class="wide amount"><dt>Amount</dt><dd>${escaped(formatAmount(BigInt(amount), currency))}</dd></div>
<div class="wide"><dt>Reference</dt><dd>${escaped(reference)}</dd></div>${until}
</dl>`;
}

/** The first button is the one that the Enter key presses. */
function form(token: string): string {
  return `<form method="post">
<input type="hidden" name="token" value="${escaped(token)}">
<button class="primary" name="action" value="approve">Approve payment</button>
<button name="action" value="decline">Decline</button>
<button class="plain" name="action" value="close">Close without deciding</button>
</form>`;
}

/** In UTC: without a script, the buyer's time zone is unknown. */
function timeOf(milliseconds: number): string {
  const iso = new Date(milliseconds).toISOString();
  return `<time datetime="${iso}">${iso.slice(0, 10)} ${iso.slice(11, 19)}&nbsp;UTC</time>`;
}

/** The empty icon keeps browsers from requesting one. */
function document(title: string, content: string, formTarget: string | undefined): PageContent {
  const html = `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="robots" content="noindex">
<title>${escaped(title)}</title>
<link rel="icon" href="data:,">
<style>${PAGE_STYLE}</style>
</head>
<body>
<main>
<p class="test">Simulated payment: no money moves.</p>
${content}
</main>
</body>
</html>
`;
  return { html, styleHash: PAGE_STYLE_HASH, formTarget };
}

const ESCAPES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
};

/** Escapes text, and values of quoted attributes. */
function escaped(text: string): string {
  return text.replaceAll(/[&<>"']/g, (character) => ESCAPES[character] ?? '');
}
