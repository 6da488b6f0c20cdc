/** A chart of models side by side: a dot and its interval for each. */

import { svg } from "../dom.js";
import { linear, ticks } from "./scale.js";

/** @typedef {{name: string, value: number, low: number, high: number}} Estimate */

const [LINE, TOP] = [26, 4];
const RIGHT = 56; // for a figure behind the longest interval

/**
 * @param {Estimate[]} estimates the own one first
 * @param {string} label
 * @param {number} width
 */
export function intervalChart(estimates, label, width) {
  const bottom = LINE * estimates.length + TOP;
  const left = Math.max(...estimates.map((one) => one.name.length)) * 7 + 16;
  const high = Math.max(...estimates.map((one) => one.high), 1e-6);
  const across = linear(0, high, left, width - RIGHT);
  return svg("svg", { class: "chart", width, height: bottom + 24, viewBox: `0 0 ${width} ${bottom + 24}`, role: "img", "aria-label":
    `${label}: ${estimates.map((one) => `${one.name} ${told(one)}`).join(", ")}` },
  ticks(0, high, width < 420 ? 3 : 5).map(({ value, text }) => [
    svg("line", { class: "grid", x1: across(value), x2: across(value), y1: TOP, y2: bottom }),
    svg("text", { class: "tick", x: across(value), y: bottom + 17, "text-anchor": "middle" }, text)]).flat(),
  estimates.map((one, place) => {
    const [y, kind] = [place * LINE + TOP + LINE / 2, place ? "of-model" : "of-ours"];
    return svg("g", {}, svg("title", {}, `${one.name}: ${told(one)}`),
      svg("text", { class: place ? "name" : "name ours", x: 0, y: y + 4 }, one.name),
      svg("line", { class: `interval ${kind}`, x1: across(one.low), x2: across(one.high), y1: y, y2: y }),
      svg("circle", { class: kind, cx: across(one.value), cy: y, r: 5 }),
      svg("text", { class: place ? "value" : "value ours", x: across(one.high) + 9, y: y + 4 }, one.value.toFixed(3)));
  }));
}

/** @param {Estimate} one */
function told({ value, low, high }) {
  return `${value.toFixed(4)} (${low.toFixed(4)} to ${high.toFixed(4)})`;
}
