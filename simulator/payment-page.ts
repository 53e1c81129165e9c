import { createHmac, timingSafeEqual } from 'node:crypto';
import type { PageUrl } from './charge-json.ts';
import { isOpen } from './charge-status.ts';
import type { Charges, Moment } from './charges.ts';
import { type BuyersAct, decideAct } from './decide-change.ts';
import { type PageContent, renderMessage, renderPayment } from './payment-page-html.ts';
import { returnUrlOf } from './psp-requests.ts';
import type { Charge } from './record.ts';
import type { Answer, Reply } from './reply.ts';

export interface PaymentPageOptions {
  readonly charges: Charges;
  /** What the tokens of its forms are made of. */
  readonly secret: () => string;
  readonly pageUrl: PageUrl;
}

const NOT_KEPT = { 'cache-control': 'no-store', 'referrer-policy': 'no-referrer' };

/** The query parameter of a redirect to the page itself after the buyer closed it. */
const LEFT = 'left';

/**
 * The page where a buyer approves a charge, declines it or leaves it. It works without JavaScript. Nobody signs in: as
 * at a PSP, whoever has the link acts as the buyer. The form's token proves that the act comes from this page and not
 * from another site that knows the link.
 */
export class PaymentPage {
  private readonly options: PaymentPageOptions;

  constructor(options: PaymentPageOptions) {
    this.options = options;
  }

  /** `GET /pay/{charge_id}` */
  async show(id: string, query: URLSearchParams, moment: Moment): Promise<Reply> {
    const charge = await this.options.charges.get(id, moment);
    if (charge === undefined) return NOT_FOUND;
    const returnUrl = returnUrlOf(charge.request);
    return page(
      200,
      renderPayment(charge, {
        token: this.tokenOf(id),
        returnTo: returnUrl === undefined ? undefined : withResult(returnUrl, charge),
        hasLeft: query.has(LEFT),
      }),
    );
  }

  /** `POST /pay/{charge_id}`, a form: the buyer's decision. It ends in a redirect, so that a reload repeats nothing. */
  async act(id: string, body: string, moment: Moment): Promise<Reply> {
    const form = new URLSearchParams(body);
    const act = ACTS[form.get('action') ?? ''];
    if (act === undefined) return UNKNOWN_ACT;
    if (!this.isTokenOf(id, form.get('token') ?? '')) return FORM_EXPIRED;
    const charge = await this.options.charges.get(id, moment);
    if (charge === undefined) return NOT_FOUND;
    if (act === 'close') return this.leave(charge);
    const { reference, idempotencyKey } = charge;
    const { now, switches } = moment;
    const acted = { chargeId: id, act, settings: switches.settings, now };
    return this.options.charges.carryOut(
      { kind: undefined, reference, idempotencyKey, at: now },
      (known) => decideAct(acted, known, (after) => this.afterAct(after)),
      moment,
    );
  }

  /** Redirects to the merchant when the buyer is done, and to the page itself if there is something to say. */
  private afterAct(charge: Charge): Answer {
    const returnUrl = returnUrlOf(charge.request);
    const isDone = charge.status === 'authenticated' || !isOpen(charge.status);
    const isTooLate = charge.status === 'expired' || charge.status === 'invalidated';
    return redirect(
      returnUrl === undefined || !isDone || isTooLate
        ? this.options.pageUrl(charge.id)
        : withResult(returnUrl, charge),
    );
  }

  private leave(charge: Charge): Answer {
    const returnUrl = returnUrlOf(charge.request);
    return redirect(
      returnUrl === undefined ? `${this.options.pageUrl(charge.id)}?${LEFT}` : withResult(returnUrl, charge),
    );
  }

  private tokenOf(id: string): string {
    return createHmac('sha256', this.options.secret()).update(`payment page ${id}`).digest('base64url');
  }

  private isTokenOf(id: string, given: string): boolean {
    const [one, other] = [Buffer.from(this.tokenOf(id)), Buffer.from(given)];
    return one.length === other.length && timingSafeEqual(one, other);
  }
}

const ACTS: Readonly<Record<string, BuyersAct | 'close'>> = Object.assign(Object.create(null), {
  approve: 'approve',
  decline: 'decline',
  close: 'close',
});

/** A hint for the merchant's page. Anybody can write these parameters: they prove nothing. */
function withResult(returnUrl: string, charge: Charge): string {
  const url = new URL(returnUrl);
  const added = new URLSearchParams({
    reference: charge.reference,
    charge: charge.id,
    redirect_status: charge.status,
  });
  url.search += `${url.search === '' ? '?' : '&'}${added}`;
  return url.href;
}

function redirect(location: string): Answer {
  return { kind: 'answer', status: 303, body: '', headers: { location, ...NOT_KEPT }, delayMs: 0 };
}

function page(status: number, { html, styleHash, formTarget }: PageContent): Answer {
  const policy = [
    "default-src 'none'",
    `style-src '${styleHash}'`,
    'img-src data:',
    // A browser applies it to the redirects after the form as well.
    `form-action 'self' ${formTarget ?? ''}`.trimEnd(),
    "base-uri 'none'",
    "frame-ancestors 'none'",
  ].join('; ');
  const headers = {
    'content-type': 'text/html; charset=utf-8',
    'content-security-policy': policy,
    'x-content-type-options': 'nosniff',
    ...NOT_KEPT,
  };
  return { kind: 'answer', status, body: html, headers, delayMs: 0 };
}

const NOT_FOUND = page(
  404,
  renderMessage('There is no such payment', 'Check the address, or go back to the shop and start again.'),
);
const UNKNOWN_ACT = page(
  400,
  renderMessage('This is not something you can do here', 'Go back and use the buttons of the page.'),
);
const FORM_EXPIRED = page(
  403,
  renderMessage('This form is no longer valid', 'Open the payment page again. Nothing has happened.'),
);
