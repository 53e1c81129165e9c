import { createHash } from 'node:crypto';

/** The payment page's style. Colours of text and controls have a contrast of 4.5:1 or more, light and dark. */
export const PAGE_STYLE = `
:root {
  color-scheme: light dark;
  --page: #f4f5f7; --card: #ffffff; --line: #d5d9e0; --text: #16191f; --soft: #555d6b;
  --accent: #1f57c3; --on-accent: #ffffff; --accent-hover: #18469e; --hover: #f0f2f6;
  --good: #0b6b3a; --bad: #a8261c; --test: #6b4a00; --test-ground: #fff4d6;
}
@media (prefers-color-scheme: dark) {
  :root {
    --page: #101318; --card: #191d24; --line: #363c47; --text: #edeff3; --soft: #a9b1bf;
    --accent: #8ab4ff; --on-accent: #0b1a33; --accent-hover: #a9c8ff; --hover: #232832;
    --good: #63d297; --bad: #ff9a8f; --test: #f2cf7c; --test-ground: #33290f;
  }
}
* { box-sizing: border-box; }
body {
  margin: 0; min-height: 100vh; padding: 1rem; display: grid; align-content: start; justify-items: center;
  background: var(--page); color: var(--text);
  font: 1rem/1.5 system-ui, -apple-system, "Segoe UI", Roboto, "Noto Sans", sans-serif;
}
main {
  width: 100%; max-width: 27rem; margin-top: clamp(0rem, 5vw, 6rem); padding: 0 1.5rem 1.5rem; overflow: hidden;
  background: var(--card); border: 1px solid var(--line); border-radius: 0.75rem;
}
.test {
  margin: 0 -1.5rem 1.5rem; padding: 0.5rem 1.5rem; font-size: 0.875rem;
  color: var(--test); background: var(--test-ground);
}
h1 { margin: 0; font-size: 1.375rem; line-height: 1.25; letter-spacing: -0.01em; text-wrap: balance; }
h1.good { color: var(--good); }
h1.bad { color: var(--bad); }
.lead { margin: 0.375rem 0 0; color: var(--soft); text-wrap: pretty; }
.notice { margin: 1rem 0 0; padding: 0.625rem 0.75rem; border: 1px solid var(--line); border-radius: 0.5rem; }
dl { margin: 1.25rem 0 0; border-top: 1px solid var(--line); }
dl div {
  display: flex; justify-content: space-between; align-items: baseline; gap: 0 1.5rem;
  padding: 0.625rem 0; border-bottom: 1px solid var(--line);
}
dt { color: var(--soft); flex: none; }
dd { margin: 0; text-align: right; overflow-wrap: anywhere; font-variant-numeric: tabular-nums; }
.wide { flex-wrap: wrap; }
.wide dd { margin-left: auto; }
.amount dd { font-size: 1.375rem; font-weight: 650; }
form { display: grid; gap: 0.625rem; margin-top: 1.25rem; }
button {
  min-height: 2.875rem; padding: 0.5rem 1rem; cursor: pointer; font: inherit; font-weight: 550;
  color: var(--text); background: var(--card); border: 1px solid var(--line); border-radius: 0.5rem;
}
button:hover { background: var(--hover); }
button.primary { color: var(--on-accent); background: var(--accent); border-color: var(--accent); }
button.primary:hover { background: var(--accent-hover); border-color: var(--accent-hover); }
button.plain { border-color: transparent; color: var(--soft); font-weight: 400; text-decoration: underline; }
.return { margin: 1.25rem 0 0; }
a { color: var(--accent); text-underline-offset: 0.15em; }
:focus-visible { outline: 3px solid var(--accent); outline-offset: 2px; }
`;

export const PAGE_STYLE_HASH = `sha256-${createHash('sha256').update(PAGE_STYLE).digest('base64')}`;
