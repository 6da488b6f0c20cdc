/** How a taste is to be answered: relation, decay, diversity, and which items may come back. */

import { h } from "../dom.js";

/** @typedef {import("./taste.js").Taste} Taste */

/**
 * The controls of everything but the items.
 * @param {Taste} taste changed in place
 * @param {import("../types.js").About} about
 * @param {() => void} onchange
 * @returns {HTMLElement[]}
 */
export function options(taste, about, onchange) {
  const relations = about.relations.map((relation) => h("button", {
    "aria-pressed": String(relation === taste.relation), onclick: () => {
      taste.relation = relation;
      taste.decay = null;
      onchange();
    } }, relation === "similar" ? "Similar" : "Next"));
  const own = taste.relation === "similar" ? about.similar.decay : about.next?.decay ?? 1;
  const common = [
    h("div", { class: "field" }, h("span", { class: "label" }, "Answer with"),
      h("span", { class: "segments" }, relations)),
    slider({ label: "Decay", meaning: "the share of its weight that an item keeps per step back", value: taste.decay ?? own, most: 1, step: 0.05,
      onchange: (value) => { taste.decay = value; onchange(); } }),
    slider({ label: "Diversity", meaning: "0 by score alone, 1 by distance from the answers before", value: taste.diversity, most: 1, step: 0.05,
      onchange: (value) => { taste.diversity = value; onchange(); } }),
    slider({ label: "Tastes", meaning: "into how many the liked items may be split", value: taste.tastes, least: 1, most: 5, step: 1,
      onchange: (value) => { taste.tastes = value; onchange(); } }),
    check("May answer liked items, too", taste.seen, (value) => { taste.seen = value; onchange(); }),
    numberField("Seen at least", taste.minCount, (value) => { taste.minCount = value; onchange(); }),
  ];
  return common;
}

let fields = 0;

/**
 * @param {object} options
 * @param {string} options.label
 * @param {string} options.meaning
 * @param {number} options.value
 * @param {number} [options.least]
 * @param {number} options.most
 * @param {number} options.step
 * @param {(value: number) => void} options.onchange
 */
function slider({ label, meaning, value, least = 0, most, step, onchange }) {
  const id = `option-${++fields}`;
  const shown = h("output", { for: id }, text(value));
  const input = h("input", { id, type: "range", min: least, max: most, step, value, title: meaning, "aria-describedby": `${id}-why`, oninput: () => {
    shown.textContent = text(Number(input.value));
    onchange(Number(input.value));
  } });
  return h("div", { class: "field" }, h("span", { class: "row spread" }, h("label", { for: id }, label), shown), input,
    h("span", { id: `${id}-why`, class: "unseen" }, meaning));
}

/** @param {number} value */
function text(value) {
  return String(Math.round(100 * value) / 100);
}

/**
 * @param {string} label
 * @param {boolean} value
 * @param {(value: boolean) => void} onchange
 */
function check(label, value, onchange) {
  const input = h("input", { type: "checkbox", checked: value, onchange: () => onchange(input.checked) });
  return h("label", { class: "check" }, input, label);
}

/**
 * @param {string} label
 * @param {number} value
 * @param {(value: number) => void} onchange
 */
function numberField(label, value, onchange) {
  const id = `option-${++fields}`;
  const input = h("input", { id, type: "number", min: 1, step: 1, value, onchange: () => {
    const given = Math.max(1, Math.round(Number(input.value) || 1));
    input.value = String(given);
    onchange(given);
  } });
  return h("div", { class: "field" }, h("label", { for: id }, `${label} … times`), input);
}
