import type { HttpAnswer } from '../middleware/http.ts';

/** For buyers whose shop gave no address of its own. No script, nothing from elsewhere, and nothing of the payment. */
const PAGE_HEADERS = {
  'Content-Type': 'text/html; charset=utf-8',
  'Content-Security-Policy': "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'",
  'Referrer-Policy': 'no-referrer',
  'X-Content-Type-Options': 'nosniff',
};

export const RETURNED_PAGE: HttpAnswer = {
  status: 200,
  headers: PAGE_HEADERS,
  body: page(
    'Thank you',
    'Your payment is being confirmed. You can close this page; the shop will tell you the result.',
  ),
};

export const UNKNOWN_PAGE: HttpAnswer = {
  status: 404,
  headers: PAGE_HEADERS,
  body: page('Page not found', 'There is no payment at this address. Please go back to the shop.'),
};

function page(title: string, text: string): string {
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${title}</title>
<style>
body { font: 1.125rem/1.5 system-ui, sans-serif; max-width: 32rem; margin: 15vh auto; padding: 0 1rem; color: #1a1a1a; background: #fff; }
@media (prefers-color-scheme: dark) { body { color: #eee; background: #1a1a1a; } }
</style>
</head>
<body>
<main>
<h1>${title}</h1>
<p>${text}</p>
</main>
</body>
</html>
`;
}
