/** The items of a taste, each with a slider for its weight. */

import { h } from "../dom.js";
import { address } from "../place.js";
import { colorOfPart } from "../reasons.js";
import { searchField } from "../search.js";

/** @typedef {import("./taste.js").Part} Part */

const HEAVIEST = 5;
const STEP = 0.25;

/**
 * A list of liked or disliked items.
 * @param {object} options
 * @param {"Liked" | "Disliked"} options.title
 * @param {Part[]} options.parts changed in place
 * @param {number} options.firstColor the place of the first one among all items of the taste
 * @param {(id: string) => string} options.name
 * @param {import("../api.js").Api} options.api
 * @param {() => void} options.onweigh a weight is another
 * @param {(parts: Part[]) => void} options.onchange items are others, or in another order
 * @returns {HTMLElement}
 */
export function partList({ title, parts, firstColor, name, api, onweigh, onchange }) {
  const id = title.toLowerCase();
  const lines = parts.map((part, place) => line(part, place));
  const { element } = searchField({ api, label: `Add to ${id}`, placeholder: `Add what is ${id}`, onpick: (item) => {
    onchange([...parts.filter((part) => part.id !== item.item_id), { id: item.item_id, weight: 1 }]);
  } });

  /** @param {Part} part @param {number} place */
  function line(part, place) {
    const shown = h("output", {}, `× ${part.weight}`);
    const slider = h("input", { type: "range", min: STEP, max: HEAVIEST, step: STEP, value: Math.min(part.weight, HEAVIEST),
      "aria-label": `Weight of ${name(part.id)}`, oninput: () => {
        part.weight = Number(slider.value);
        shown.textContent = `× ${part.weight}`;
        onweigh();
      } });
    const earlier = h("button", { class: "small", "aria-label": `Move ${name(part.id)} up`, title: "Earlier", disabled: place === 0,
      onclick: () => onchange(swapped(parts, place, place - 1)) }, "↑");
    const remove = h("button", { class: "small", "aria-label": `Remove ${name(part.id)}`,
      onclick: () => onchange(parts.filter((one) => one !== part)) }, "×");
    return h("li", {}, h("span", { class: "dot", style: { background: colorOfPart(firstColor + place) } }),
      h("a", { class: "title", href: address("item", part.id) }, name(part.id)), slider, shown,
      h("span", { class: "row" }, title === "Liked" && parts.length > 1 && earlier, remove));
  }
  return h("div", { class: "stack", role: "group", "aria-label": title }, h("h2", {}, title),
    parts.length > 1 && title === "Liked" && h("p", { class: "soft" }, "The newest is last, and counts most."),
    parts.length > 0 && h("ul", { class: "parts-of-taste" }, lines), element);
}

/**
 * @param {Part[]} parts
 * @param {number} one
 * @param {number} other
 */
function swapped(parts, one, other) {
  const order = [...parts];
  [order[one], order[other]] = [order[other], order[one]];
  return order;
}
