/** One vector as a strip of colors: blue below 0, orange above, full at two standard deviations. */

import { h } from "./dom.js";
import { colorOf, theme } from "./theme.js";

const HEIGHT = 20; // pixels
const LIMIT = 2; // standard deviations at which a color is full

/** @typedef {[number, number, number]} Color */

/**
 * A strip without colors yet; `paint` gives it some once it has a width.
 * @param {Record<string, any>} properties
 */
export function strip(properties) {
  return h("canvas", { class: "strip", height: HEIGHT, ...properties });
}

/**
 * Fills a strip, a column for each value, at whole pixels of the screen.
 * @param {HTMLCanvasElement} canvas
 * @param {number[]} values in standard deviations
 * @param {Color[]} colors
 */
export function paint(canvas, values, colors) {
  const width = Math.round(canvas.clientWidth * devicePixelRatio);
  const height = Math.round(HEIGHT * devicePixelRatio);
  if (!width) return;
  canvas.width = width;
  canvas.height = height;
  const context = /** @type {CanvasRenderingContext2D} */ (canvas.getContext("2d"));
  values.forEach((value, place) => {
    const left = Math.round(place * width / values.length);
    context.fillStyle = `rgb(${blend(value, colors).join(" ")})`;
    context.fillRect(left, 0, Math.round((place + 1) * width / values.length) - left, height);
  });
}

/**
 * Draws now that an element has a size, and again with every size and theme.
 * @param {HTMLElement} element
 * @param {(colors: Color[]) => void} draw is given the colors of −2σ, 0 and 2σ
 * @param {AbortSignal} signal
 */
export function drawn(element, draw, signal) {
  const again = () => draw(["--low", "--zero", "--high"].map(colorOf));
  const watch = new ResizeObserver(again);
  watch.observe(element);
  theme.addEventListener("change", again, { signal });
  signal.addEventListener("abort", () => watch.disconnect());
  return again;
}

/**
 * A vector in standard deviations of each of its numbers.
 * @param {number[]} vector
 * @param {number[]} spread
 */
export function deviations(vector, spread) {
  return vector.map((value, dimension) => value / (spread[dimension] || 1));
}

/** What the colors mean. */
export function legend() {
  const canvas = strip({ "aria-hidden": "true" });
  const values = Array.from({ length: 41 }, (_, place) => (place / 20 - 1) * LIMIT);
  return {
    element: h("div", { class: "strip-legend", title: "Standard deviations of each dimension over all items" },
      h("span", {}, "−2σ"), canvas, h("span", {}, "+2σ")),
    draw: (/** @type {Color[]} */ colors) => paint(canvas, values, colors),
  };
}

/**
 * The color of a value.
 * @param {number} value in standard deviations
 * @param {Color[]} colors
 */
function blend(value, [low, zero, high]) {
  const share = Math.min(1, Math.abs(value) / LIMIT);
  const end = value < 0 ? low : high;
  return zero.map((from, channel) => Math.round(from + share * (end[channel] - from)));
}
