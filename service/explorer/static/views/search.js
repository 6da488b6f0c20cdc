/** Finds items by their titles and ids, and is where one begins. */

import { h, nameOf } from "../dom.js";
import { address } from "../place.js";

/** @typedef {import("../types.js").Item} Item */
/** @typedef {import("../types.js").About} About */

const SHOWN = 60;

/** @type {import("../types.js").View} */
export const view = {
  title: "Items",
  async show(root, place, context) {
    const query = place.params.get("q");
    root.replaceChildren(query ? await results(query, context) : beginning(context.about));
  },
};

/**
 * @param {string} query
 * @param {import("../types.js").Context} context
 */
async function results(query, { api, about, signal }) {
  const { items } = await api.get("items", { q: query, k: Math.min(SHOWN, about.max_k) }, signal);
  const heading = h("h1", {}, items.length ? `Items called “${query}”` : `Nothing is called “${query}”`);
  if (!items.length) {
    return h("section", { class: "card stack" }, heading,
      h("p", { class: "soft" }, "Try fewer words, the beginning of a word, or an id."), examples(about));
  }
  return h("section", { class: "card stack" }, heading, h("ol", { class: "items" }, items.map(line)));
}

/**
 * @param {Item} item
 * @param {number} place
 */
function line(item, place) {
  return h("li", {}, h("span", { class: "rank" }, place + 1),
    h("a", { class: "title", href: address("item", item.item_id) }, nameOf(item), " ",
      h("span", { class: "id" }, item.item_id)),
    h("span", { class: "soft" }, item.trained ? `${item.count.toLocaleString("en")} events` : "untrained"));
}

/** @param {About} about */
function beginning(about) {
  return h("section", { class: "card stack" },
    h("h1", {}, `${about.items.toLocaleString("en")} items`),
    h("p", { class: "lead" }, "Find an item by its title or id, and see what is similar to it, what comes next, and why."),
    examples(about));
}

/** @param {About} about */
function examples(about) {
  return h("ul", { class: "chips", "aria-label": "Items to begin with" }, about.examples.map((item) =>
    h("li", {}, h("a", { class: "chip", href: address("item", item.item_id) }, nameOf(item)))));
}
