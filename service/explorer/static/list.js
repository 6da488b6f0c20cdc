/** A ranked list of items, and what can be done with it. */

import { announce, h, nameOf } from "./dom.js";
import { factList, factText } from "./facts.js";
import { address } from "./place.js";

/** @typedef {import("./types.js").Neighbor} Neighbor */
/** @typedef {import("./types.js").Answer} Answer */
/** @typedef {Partial<Neighbor> & {item_id: string, count?: number}} Listed */

const FACTS = 3; // of what else is known of an item, in a line

/** Why an answer has fewer items than were asked for. */
const SHORT = {
  catalogue: "There are no more items.",
  rules: "No more items are allowed by the rules.",
  min_score: "No more items score as much.",
  votes: "Nothing else ever came next.",
  unknown_items: "None of the items is known.",
};

/**
 * A score as it is read: a cosine, or a share in per cent.
 * @param {number} score
 * @param {string} kind `score_kind` of the answer
 */
export function scoreText(score, kind) {
  return kind === "cosine" ? score.toFixed(3).replace("-", "−") : `${(100 * score).toFixed(score < 0.0995 ? 2 : 1)} %`;
}

/**
 * The items of an answer with their scores as bars.
 * @param {Answer} answer
 * @param {object} [options]
 * @param {(item: Neighbor) => (Node | null)[]} [options.actions] buttons at the end of a line
 * @param {(item: Neighbor) => Node | null} [options.more] what stands below a line
 * @returns {HTMLElement}
 */
export function itemList(answer, { actions = () => [], more = () => null } = {}) {
  const highest = Math.max(...answer.items.map((item) => item.score), 1e-9);
  const scale = answer.score_kind === "cosine" ? Math.max(highest, 1) : highest;
  const lines = answer.items.map((item, place) => {
    const [below, ends] = [more(item), actions(item)];
    return h("li", { "data-item": item.item_id, style: { "--share": Math.max(0, item.score / scale) } },
      h("span", { class: "rank" }, place + 1),
      itemName(item),
      h("span", { class: "score" }, scoreText(item.score, answer.score_kind)),
      ends.length > 0 && h("span", { class: "row" }, ends),
      below && h("div", { class: "more" }, below));
  });
  announce(`${answer.items.length} items`);
  const reason = answer.short_because && SHORT[/** @type {keyof typeof SHORT} */ (answer.short_because)];
  return h("div", { class: `stack ${answer.relation}` },
    h("ol", { class: "items" }, lines),
    reason && h("p", { class: "soft" }, reason));
}

/**
 * An item's title as a link, its id, and what else is known of it.
 * @param {{item_id: string, title?: string | null, metadata?: Record<string, unknown> | null}} item
 * @returns {HTMLElement}
 */
export function itemName(item) {
  return h("span", { class: "what" },
    h("a", { class: "title", href: address("item", item.item_id) }, nameOf(item)),
    item.title && h("span", { class: "id" }, item.item_id),
    factList(item.metadata ?? {}, FACTS));
}

/**
 * A button that saves a list as a CSV file.
 * @param {string} name of the file, without its ending
 * @param {() => Listed[]} items
 */
export function csvButton(name, items) {
  return h("button", { class: "small", "aria-label": `Save ${name} as CSV`,
    onclick: () => save(`${name}.csv`, csv(items())) }, "Save as CSV");
}

/**
 * @param {Listed[]} items
 * @returns {string}
 */
export function csv(items) {
  const columns = [...new Set(items.flatMap((item) => Object.keys(item.metadata ?? {})))];
  const rows = items.map((item, place) => [
    place + 1, item.item_id, item.title ?? "", item.score ?? item.count ?? "", ...columns.map((name) => factText(item.metadata?.[name]))]);
  const figure = items[0]?.score === undefined ? "count" : "score";
  return [["rank", "item_id", "title", figure, ...columns], ...rows]
    .map((row) => row.map(cell).join(",")).join("\r\n") + "\r\n";
}

/**
 * A cell; a text that a spreadsheet would take for a formula is made plain.
 * @param {string | number} value
 */
function cell(value) {
  const text = typeof value === "string" && /^[=+\-@\t\r]/.test(value) ? `'${value}` : String(value);
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}

/**
 * @param {string} name
 * @param {string} content
 */
function save(name, content) {
  saveBytes(name, content, "text/csv");
}

/**
 * Saves a file.
 * @param {string} name
 * @param {string | ArrayBuffer} content
 * @param {string} type
 */
export function saveBytes(name, content, type) {
  const url = URL.createObjectURL(new Blob([content], { type }));
  h("a", { href: url, download: name }).click();
  URL.revokeObjectURL(url);
}
