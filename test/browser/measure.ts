/** The parts of the browser's API that are used here. Its whole library would replace Node's own types. */
interface PageElement {
  readonly parentElement: PageElement | null;
  getBoundingClientRect(): { readonly height: number };
}
declare const document: {
  readonly documentElement: { readonly scrollWidth: number; readonly clientWidth: number };
  querySelectorAll(selector: string): Iterable<PageElement>;
};
declare function getComputedStyle(element: PageElement): {
  readonly color: string;
  readonly backgroundColor: string;
};

/**
 * Runs in the page.
 *
 * @returns how far the page sticks out sideways, the contrasts of its texts (WCAG 2.2), the heights of its texts (0 if there
 *   is no font) and of its buttons; in CSS pixels
 */
export function measure() {
  const channels = (colour: string) => (colour.match(/[\d.]+/g) ?? []).map(Number);
  const luminance = (colour: string) => {
    const [r = 0, g = 0, b = 0] = channels(colour).map((channel) => {
      const share = channel / 255;
      return share <= 0.04045 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4;
    });
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const groundOf = (element: PageElement): string => {
    const ground = getComputedStyle(element).backgroundColor;
    const isOpaque = (channels(ground)[3] ?? 1) === 1;
    return isOpaque || element.parentElement === null ? ground : groundOf(element.parentElement);
  };
  const contrastOf = (element: PageElement) => {
    const [one, other] = [luminance(getComputedStyle(element).color), luminance(groundOf(element))];
    return (Math.max(one, other) + 0.05) / (Math.min(one, other) + 0.05);
  };
  const heightOf = (element: PageElement) => element.getBoundingClientRect().height;
  const { scrollWidth, clientWidth } = document.documentElement;
  return {
    overflow: scrollWidth - clientWidth,
    contrasts: [...document.querySelectorAll('p, h1, dt, dd, button, a')].map(contrastOf),
    textHeights: [...document.querySelectorAll('h1, dt, dd')].map(heightOf),
    buttonHeights: [...document.querySelectorAll('button')].map(heightOf),
  };
}
