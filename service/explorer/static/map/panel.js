/** The panel beside the map: search, colors, and what is known of the chosen items. */

import { h, nameOf } from "../dom.js";
import { factList } from "../facts.js";
import { csvButton } from "../list.js";
import { address } from "../place.js";
import { css } from "./colors.js";

/** @typedef {import("../types.js").PlacedItem} PlacedItem */

const MOST_LIKES = 20;

/**
 * The choice of what colors the points.
 * @param {import("../types.js").About} about
 * @param {string} chosen the name of a column, empty for clusters
 * @param {(column: string) => void} onchange
 */
export function colorChoice(about, chosen, onchange) {
  const select = h("select", { id: "map-color", onchange: () => onchange(select.value) },
    h("option", { value: "" }, "Cluster"),
    about.columns.map(({ name }) => h("option", { value: name, selected: name === chosen }, name)));
  return h("div", { class: "field" }, h("label", { for: select.id }, "Color by"), select);
}

/**
 * The groups with their colors; one can be looked at alone.
 * @param {string[]} names
 * @param {number[]} counts
 * @param {import("./colors.js").Color[]} colors
 * @param {number} only
 * @param {(group: number) => void} onchoose
 */
export function legend(names, counts, colors, only, onchoose) {
  return h("ul", { class: "map-legend", "aria-label": "Groups" }, names.map((name, group) => h("li", {}, h("button", {
    "aria-pressed": String(group === only), onclick: () => onchoose(group === only ? -1 : group) },
  h("span", { class: "swatch", style: { background: css(colors[group % colors.length]) } }),
  h("span", { class: "name" }, name), h("span", { class: "soft" }, counts[group].toLocaleString("en"))))));
}

/**
 * What is known of one item, and what can be done with it.
 * @param {PlacedItem} item
 * @param {() => void} onsimilar lights up what is similar
 * @param {() => void} onclose
 */
export function itemCard(item, onsimilar, onclose) {
  const id = item.item_id;
  return h("div", { class: "stack map-item" },
    h("div", { class: "row spread nowrap" }, h("h2", {}, nameOf(item)), closeButton(onclose)),
    factList({ id, events: item.count.toLocaleString("en"), ...item.metadata }),
    h("div", { class: "row" },
      h("button", { class: "small", onclick: onsimilar }, "Show what is similar"),
      h("a", { class: "button small", href: address("item", id) }, "Open"),
      h("a", { class: "button small", href: address("taste", "", { like: id }) }, "Like")));
}

/**
 * Several items: results of a search, neighbors, or what a lasso holds.
 * @param {object} options
 * @param {string} options.title
 * @param {PlacedItem[]} options.items
 * @param {number} options.count of all, where there are more than are listed
 * @param {string} options.file a name for the CSV file
 * @param {(item: PlacedItem) => void} options.onpick
 * @param {(item: PlacedItem | null) => void} options.onpoint
 * @param {() => void} options.onclose
 */
export function itemsCard({ title, items, count, file, onpick, onpoint, onclose }) {
  const likes = items.slice(0, MOST_LIKES).map((item) => item.item_id);
  return h("div", { class: "stack map-items" },
    h("div", { class: "row spread nowrap" }, h("h2", {}, title), closeButton(onclose)),
    count > items.length && h("p", { class: "soft" }, `The ${items.length} most frequent of ${count.toLocaleString("en")}.`),
    items.length > 0 && h("div", { class: "row" },
      h("a", { class: "button small", href: address("taste", "", { like: likes }) },
        likes.length < items.length ? `Like the first ${likes.length}` : "Take them as likes"),
      csvButton(file, () => items)),
    h("ol", { class: "map-list" }, items.map((item) => h("li", {}, h("button", {
      onclick: () => onpick(item), onpointerenter: () => onpoint(item), onpointerleave: () => onpoint(null),
      onfocus: () => onpoint(item), onblur: () => onpoint(null) }, nameOf(item))))));
}

/** @param {() => void} onclose */
function closeButton(onclose) {
  return h("button", { class: "small", "aria-label": "Close the list", onclick: onclose }, "×");
}
