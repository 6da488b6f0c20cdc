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
 * Round numbers between two values, about as many as wanted.
 * @param {number} low
 * @param {number} high
 * @param {number} wanted
 * @returns {number[]}
 */
export function ticks(low, high, wanted = 5) {
  const rough = (high - low || 1) / wanted;
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = power * ([1, 2, 5, 10].find((factor) => factor * power >= rough) ?? 10);
  const first = Math.ceil(low / step - 1e-9);
  const last = Math.floor(high / step + 1e-9);
  return Array.from({ length: Math.max(0, last - first + 1) }, (_, place) => (first + place) * step);
}

/** @param {number} value */
export function figure(value) {
  return value.toFixed(Math.abs(value) < 0.1 ? 3 : 2);
}

/**
 * Draws a chart as wide as its place, and again when that is another.
 * @param {HTMLElement} element
 * @param {(width: number) => SVGElement} draw
 * @param {AbortSignal} signal
 */
export function fitted(element, draw, signal) {
  let before = 0;
  const watch = new ResizeObserver(() => {
    const width = Math.round(element.clientWidth);
    if (width === before || width === 0) return;
    before = width;
    element.replaceChildren(draw(width));
  });
  watch.observe(element);
  signal.addEventListener("abort", () => watch.disconnect());
  return element;
}
