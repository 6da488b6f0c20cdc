/** Where values are on a chart, and the round numbers along its axis. */

/**
 * @param {number} low
 * @param {number} high
 * @param {number} from in pixels
 * @param {number} to
 * @returns {(value: number) => number}
 */
export function linear(low, high, from, to) {
  const span = high - low || 1;
  return (value) => from + ((value - low) / span) * (to - from);
}

/**
 * Round numbers between two values, about as many as wanted, each with its text.
 * @param {number} low
 * @param {number} high
 * @param {number} wanted
 * @returns {{value: number, text: string}[]}
 */
export function ticks(low, high, wanted = 5) {
  const rough = (high - low || 1) / wanted;
  const power = 10 ** Math.floor(Math.log10(rough));
  const factor = [1, 2, 5].find((one) => one * power >= rough * 0.999) ?? 10;
  const step = power * factor;
  const decimals = Math.max(0, -Math.floor(Math.log10(step * 1.001)));
  const first = Math.ceil(low / step - 1e-9);
  const last = Math.floor(high / step + 1e-9);
  return Array.from({ length: Math.max(0, last - first + 1) }, (_, place) => {
    const value = (first + place) * step;
    return { value, text: value.toFixed(decimals) };
  });
}

/**
 * Moves texts that would lie on each other apart, and keeps their order.
 * @param {number[]} wanted where each would be
 * @param {number} gap
 * @param {number} lowest
 * @returns {number[]}
 */
export function apart(wanted, gap, lowest) {
  const order = wanted.map((_, place) => place).sort((one, other) => wanted[other] - wanted[one]);
  const found = [...wanted];
  let below = lowest + gap;
  for (const place of order) found[place] = below = Math.min(found[place], below - gap);
  return found;
}

/**
 * Draws a chart as wide as its place, and again when that is another.
 * @param {HTMLElement} element
 * @param {(width: number) => SVGElement} draw
 */
export function fitted(element, draw) {
  let before = 0;
  const watch = new ResizeObserver(() => {
    const width = Math.round(element.clientWidth);
    if (width === before || width === 0) return;
    before = width;
    element.replaceChildren(draw(width));
  });
  watch.observe(element);
  return element;
}
