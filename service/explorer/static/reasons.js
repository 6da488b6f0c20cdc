/** Why an item is answered: what each item of the query adds to its score, and which voices speak for it. */

import { h } from "./dom.js";

/** @typedef {import("./types.js").Neighbor} Neighbor */
/** @typedef {import("./types.js").Contribution} Contribution */
/** @typedef {import("./types.js").Voice} Voice */

const COLORS = 8;
const VOICES = 3; // that speak loudest
const FLOOR = 1e-4; // of what is worth drawing, as a share of the bar

/**
 * The color of an item of the query, by its place.
 * @param {number} place
 */
export function colorOfPart(place) {
  return `var(--g${place % COLORS})`;
}

/**
 * Draws the contributions of each answer on one scale: zero is at the same place in all of them.
 * @param {Neighbor[]} items with their contributions
 * @param {string[]} order the items of the query, which gives their colors
 * @param {(id: string) => string} name
 * @returns {(item: {contributions?: Contribution[]}) => HTMLElement | null}
 */
export function contributionBars(items, order, name) {
  const sums = items.map((item) => sides(item.contributions ?? []));
  const left = Math.max(0, ...sums.map((sum) => sum.below));
  const whole = left + Math.max(1e-9, ...sums.map((sum) => sum.above));
  return ({ contributions }) => contributions?.length ? bar(contributions, order, name, left, whole) : null;
}

/** @param {Contribution[]} contributions */
function sides(contributions) {
  let above = 0;
  let below = 0;
  for (const { contribution } of contributions) {
    if (contribution > 0) above += contribution;
    else below -= contribution;
  }
  return { above, below };
}

/**
 * @param {Contribution[]} contributions
 * @param {string[]} order
 * @param {(id: string) => string} name
 * @param {number} left
 * @param {number} whole
 */
function bar(contributions, order, name, left, whole) {
  const ends = { above: left, below: left };
  const parts = contributions.filter(({ contribution }) => Math.abs(contribution) > FLOOR * whole).map(({ item_id, contribution }) => {
    const width = Math.abs(contribution);
    if (contribution < 0) ends.below -= width;
    const from = contribution < 0 ? ends.below : ends.above;
    if (contribution > 0) ends.above += width;
    return h("span", {
      class: "part", title: `${name(item_id)}: ${signed(contribution)}`,
      style: { left: `${(100 * from) / whole}%`, width: `${(100 * width) / whole}%`, background: colorOfPart(order.indexOf(item_id)) },
    });
  });
  const text = contributions.map(({ item_id, contribution }) => `${name(item_id)} ${signed(contribution)}`).join(", ");
  return h("div", { class: "parts", role: "img", "aria-label": `Contributions: ${text}` }, parts,
    left > 0 && h("span", { class: "zero", style: { left: `${(100 * left) / whole}%` } }));
}

/**
 * The voices that speak loudest for or against an item.
 * @param {Voice[] | undefined} voices
 * @returns {HTMLElement | null}
 */
export function voiceList(voices) {
  const loudest = [...(voices ?? [])].sort((a, b) => Math.abs(b.log_odds) - Math.abs(a.log_odds)).slice(0, VOICES);
  if (!loudest.length) return null;
  const scale = Math.max(4, ...loudest.map((voice) => Math.abs(voice.log_odds)));
  return h("ul", { class: "voices", "aria-label": "Voices" }, loudest.map(({ voice, log_odds }) =>
    h("li", { class: log_odds < 0 ? "against" : "for", title: `${signed(log_odds)} on the logarithm of the odds`,
      style: { "--share": Math.abs(log_odds) / scale } },
    h("span", {}, voice), h("b", {}, signed(log_odds, 1)))));
}

/**
 * @param {number} value
 * @param {number} [digits]
 */
export function signed(value, digits = 3) {
  return `${value < 0 ? "−" : "+"}${Math.abs(value).toFixed(digits)}`;
}
