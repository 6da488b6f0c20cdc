/** Finds items by their titles and ids, and is where one begins. */

import { Problem } from "../api.js";
import { deviations, drawn, paint, strip } from "../colorstrip.js";
import { announce, debounced, h, nameOf, svg } from "../dom.js";
import { filterField } from "../filter.js";
import { csvButton, itemName } from "../list.js";
import { address, note } from "../place.js";
import { problemBox } from "../problem.js";

/** @typedef {import("../types.js").Item} Item */
/** @typedef {import("../types.js").About} About */
/** @typedef {import("../types.js").Context} Context */

const SHOWN = 50;
const PAUSE = 150; // milliseconds without a key before the service is asked

/** @type {import("../types.js").View} */
export const view = {
  title: "Items",
  async show(root, place, context) {
    /** @param {import("../types.js").Place} to */
    const open = async ({ params }) => {
      const query = params.get("q") ?? "";
      document.title = `${query ? `“${query}”` : "Items"} · item2vec`;
      if (query) await showResults(root, query, params.get("filter") ?? "", context);
      else root.replaceChildren(...await beginning(context));
    };
    await open(place);
    return open;
  },
};

/**
 * @param {HTMLElement} root
 * @param {string} query
 * @param {string} condition
 * @param {Context} context
 */
async function showResults(root, query, condition, { api, about, signal }) {
  const asked = { q: query, filter: condition, k: Math.min(SHOWN, about.max_k) };
  const heading = h("h1", {});
  const found = h("div", { class: "stack" });
  const words = h("input", { type: "search", id: "words", value: query, autocomplete: "off", spellcheck: "false" });
  words.addEventListener("input", debounced(() => {
    if (!words.value.trim()) return;
    asked.q = words.value.trim();
    void load();
  }, PAUSE));
  const filter = filterField({ about, value: condition, onchange: (changed) => {
    asked.filter = changed;
    void load();
  } });
  let latest = 0;
  const load = async () => {
    const turn = ++latest;
    note(address("search", "", { q: asked.q, filter: asked.filter }));
    try {
      const { items } = await api.get("items", asked, signal);
      if (turn !== latest) return;
      filter.fault(null);
      heading.textContent = title(items.length, asked);
      announce(heading.textContent);
      found.replaceChildren(...(items.length ? list(items, asked, load, about) : nothing(asked.filter, about)));
    } catch (error) {
      if (signal.aborted || turn !== latest) return;
      heading.textContent ||= `Items called “${asked.q}”`;
      if (error instanceof Problem && error.status === 422 && asked.filter) filter.fault(error.message);
      else found.replaceChildren(problemBox(error, load));
    }
  };
  await load();
  root.replaceChildren(h("section", { class: "card stack" }, heading,
    h("div", { class: "fields" }, h("div", { class: "field" }, h("label", { for: "words" }, "Words of the title, or an id"), words), filter.element),
    found));
}

/**
 * @param {number} count
 * @param {{q: string, k: number}} asked
 */
function title(count, { q, k }) {
  if (!count) return `Nothing is called “${q}”`;
  return `${count === k ? `The ${count} most frequent items` : count === 1 ? "1 item" : `${count} items`} called “${q}”`;
}

/**
 * @param {Item[]} items
 * @param {{k: number}} asked
 * @param {() => Promise<void>} load
 * @param {About} about
 * @returns {Node[]}
 */
function list(items, asked, load, about) {
  const lines = items.map((item, place) => h("li", { "data-item": item.item_id },
    h("span", { class: "rank" }, place + 1), itemName(item),
    h("span", { class: "soft count" }, item.trained ? `${item.count.toLocaleString("en")} events` : "not trained")));
  const more = items.length === asked.k && asked.k < about.max_k && h("button", { onclick: () => {
    asked.k = Math.min(4 * asked.k, about.max_k);
    void load();
  } }, "Show more");
  return [h("ol", { class: "items lined" }, lines), h("div", { class: "row" }, more, csvButton("items", () => items))];
}

/**
 * @param {string} condition
 * @param {About} about
 */
function nothing(condition, about) {
  return [h("p", { class: "empty" }, condition
    ? "No item has these words and meets the condition. Make the condition wider, or empty it."
    : "Try fewer words, the beginning of a word, or an id."),
  examples(about, "Frequent items")];
}

/**
 * What this is, and what one can do with it.
 * @param {Context} context
 */
async function beginning(context) {
  const { about } = context;
  return [
    h("section", { class: "hello" },
      h("div", { class: "stack" },
        h("h1", {}, "Look into your model"),
        h("p", { class: "lead" }, `${about.items.toLocaleString("en")} items, each a vector of ${about.vector_size} numbers, learned from `
          + "what people chose together. Where the colors of two items agree, they are alike."),
        h("p", { class: "soft" }, "Open one of these, or find another by its title or id", h("span", { class: "by-key" }, ": press ", h("kbd", {}, "/")), ".")),
      await board(context)),
    h("ul", { class: "cards" }, cards(about).map(([name, title, what, to, example]) => h("li", {},
      h("a", { class: "card teaser", href: to }, art(name),
        h("span", { class: "stack" }, h("strong", {}, title), h("span", { class: "soft" }, what), h("span", { class: "eg" }, example)))))),
  ];
}

/**
 * The examples with their vectors.
 * @param {Context} context
 */
async function board({ api, about, signal }) {
  const ids = about.examples.map((item) => item.item_id);
  const { items } = ids.length ? await api.get("explore/items", { id: ids, vectors: true }, signal) : { items: [] };
  /** @type {{canvas: HTMLCanvasElement, values: number[]}[]} */
  const strips = items.map((/** @type {import("../types.js").PlacedItem} */ item) => ({
    canvas: strip({ "aria-hidden": "true" }), values: deviations(item.vector ?? [], about.spread) }));
  const list = h("ul", { class: "card board", "aria-label": "Items to begin with" }, items.map((/** @type {Item} */ item, /** @type {number} */ place) =>
    h("li", {}, h("a", { href: address("item", item.item_id) }, h("span", { class: "strip-name", title: nameOf(item) }, nameOf(item)), strips[place].canvas))));
  drawn(list, (colors) => strips.forEach(({ canvas, values }) => paint(canvas, values, colors)), signal);
  return list;
}

/**
 * The views, with an example of this catalogue for each.
 * @param {About} about
 * @returns {[art: string, name: string, what: string, to: string, example: string][]}
 */
function cards(about) {
  const [first, second = first] = about.examples;
  if (!first) return [];
  const count = about.items.toLocaleString("en");
  return [
    ["bars", "Similar and next", "What could take an item's place, and what follows it.", address("item", first.item_id), nameOf(first)],
    ["taste", "Taste", "Likes and dislikes, weighed; and what each adds to an answer.",
      address("taste", "", { like: [first.item_id, second.item_id] }), `${nameOf(first)} and ${nameOf(second)}`],
    ["session", "Session", "Item by item, and what is likely to follow.", address("session", "", { item: first.item_id }), `Begin with ${nameOf(first)}`],
    ["strips", "Analogy", "Take an item, less another, plus a third.", address("analogy"), "Examples from this catalogue"],
    ["map", "Map", "Every item at once; what is similar lies close.", address("map"), about.map ? `${count} items in ${about.map.groups.length} groups` : `${count} items`],
    ["nights", "Models", "Every night's version: how good it was, and what it changed.", address("models"), `Now ${about.model_version}`],
  ];
}

/**
 * @param {About} about
 * @param {string} label
 */
function examples(about, label) {
  return h("div", { class: "row" }, h("span", { class: "soft" }, label),
    h("ul", { class: "chips" }, about.examples.map((item) =>
      h("li", {}, h("a", { class: "chip", href: address("item", item.item_id) }, nameOf(item))))));
}

/** Rectangles as x, y, width, height and a color; what the pictures of the cards are made of. */
/** @type {Record<string, [number, number, number, number, string][]>} */
const ART = {
  bars: [[4, 8, 40, 7, "a"], [4, 19, 31, 7, "a"], [4, 30, 24, 7, "a"], [4, 41, 15, 7, "a"]],
  taste: [[4, 8, 26, 10, "a"], [30, 8, 14, 10, "b"], [4, 23, 18, 10, "a"], [22, 23, 16, 10, "b"], [4, 38, 8, 10, "a"], [12, 38, 17, 10, "b"]],
  session: [[4, 21, 12, 12, "d"], [19, 21, 12, 12, "d"], [36, 9, 12, 12, "b"], [36, 24, 9, 9, "a"], [36, 37, 6, 6, "a"]],
  strips: ["abdabbda", "aadabbdb", "abdbbada"].flatMap((colors, row) => [...colors].map((color, column) =>
    /** @type {[number, number, number, number, string]} */ ([4 + 5.5 * column, 9 + 14 * row, 5.5, 10, color]))),
  map: [[8, 12, 5, 5, "a"], [14, 20, 4, 4, "a"], [9, 24, 5, 5, "a"], [18, 13, 4, 4, "a"], [32, 30, 5, 5, "b"], [38, 37, 5, 5, "b"], [30, 40, 4, 4, "b"],
    [37, 14, 5, 5, "d"], [42, 21, 4, 4, "d"], [13, 40, 4, 4, "d"], [24, 26, 4, 4, "d"]],
  nights: [[4, 34, 7, 14, "d"], [13, 28, 7, 20, "d"], [22, 30, 7, 18, "d"], [31, 20, 7, 28, "d"], [40, 12, 7, 36, "a"]],
};

/** @param {string} name */
function art(name) {
  return svg("svg", { class: "art", viewBox: "0 0 52 56", width: 52, height: 56, "aria-hidden": "true" },
    ...ART[name].map(([x, y, width, height, color]) => svg("rect", { x, y, width, height, rx: 1.5, class: color })));
}
