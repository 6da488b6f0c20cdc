/** A chart of models side by side: a dot and its interval for each. */

import { svg } from "../dom.js";
import { figure, linear, ticks } from "./scale.js";

/** @typedef {{name: string, value: number, low: number, high: number}} Estimate */

const LINE = 40;
const RIGHT = 46;

/**
 * @param {Estimate[]} estimates the own one first
 * @param {string} label
 * @param {number} width
 */
export function intervalChart(estimates, label, width) {
  const bottom = LINE * estimates.length + 4;
  const high = Math.max(...estimates.map((one) => one.high), 1e-6);
  const across = linear(0, high, 6, width - RIGHT);
  return svg("svg", { class: "chart", width, height: bottom + 24, viewBox: `0 0 ${width} ${bottom + 24}`, role: "img", "aria-label":
    `${label}: ${estimates.map((one) => `${one.name} ${figure(one.value)}`).join(", ")}` },
  ticks(0, high, width < 420 ? 3 : 5).map((value) => [
    svg("line", { class: "grid", x1: across(value), x2: across(value), y1: 2, y2: bottom }),
    svg("text", { class: "tick", x: across(value), y: bottom + 17, "text-anchor": "middle" }, figure(value))]).flat(),
  estimates.map((one, place) => {
    const [top, kind] = [place * LINE, place ? "of-model" : "of-ours"];
    return [
      svg("text", { class: place ? "name" : "name ours", x: 6, y: top + 14 }, one.name),
      svg("line", { class: `interval ${kind}`, x1: across(one.low), x2: across(one.high), y1: top + 26, y2: top + 26 }),
      svg("circle", { class: kind, cx: across(one.value), cy: top + 26, r: 5 }, svg("title", {},
        `${one.name}: ${one.value.toFixed(4)} (${one.low.toFixed(4)} to ${one.high.toFixed(4)})`)),
      svg("text", { class: "value", x: across(one.high) + 8, y: top + 30 }, figure(one.value))];
  }).flat());
}
