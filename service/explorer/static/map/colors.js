/** The colors of the groups of a map. */

import { colorOf } from "../theme.js";

/** @typedef {[number, number, number]} Color */

export const MOST_COLORS = 24;
const TOKENS = 8;
const MIXED = 0.42;

/** Of points without a group, and of those that are not looked at. @returns {Color} */
export function noColor() {
  return colorOf("--strong-edge");
}

/**
 * Colors that tell groups apart: eight, then the same mixed with the page, then with the text.
 * @param {number} groups
 * @returns {Color[]}
 */
export function distinctColors(groups) {
  const base = Array.from({ length: TOKENS }, (_, place) => colorOf(`--g${place}`));
  const mixers = [null, colorOf("--page"), colorOf("--text")];
  return Array.from({ length: Math.min(groups, MOST_COLORS) }, (_, place) => {
    const mixer = mixers[Math.floor(place / TOKENS) % mixers.length];
    return mixer ? mixed(base[place % TOKENS], mixer, MIXED) : base[place % TOKENS];
  });
}

/**
 * Colors from low to high.
 * @param {number} groups
 * @returns {Color[]}
 */
export function rampColors(groups) {
  const [low, middle, high] = [colorOf("--similar"), colorOf("--model"), colorOf("--ours")];
  return Array.from({ length: groups }, (_, place) => {
    const share = groups > 1 ? place / (groups - 1) : 0;
    return share < 0.5 ? mixed(low, middle, 2 * share) : mixed(middle, high, 2 * share - 1);
  });
}

/**
 * @param {Color} one
 * @param {Color} other
 * @param {number} share of the other
 * @returns {Color}
 */
function mixed(one, other, share) {
  return /** @type {Color} */ (one.map((value, place) => Math.round(value + share * (other[place] - value))));
}

/** @param {Color} color */
export function css(color) {
  return `rgb(${color.join(" ")})`;
}
