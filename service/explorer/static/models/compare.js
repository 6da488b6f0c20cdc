/** Two versions side by side: what changes for an item, and for which items most. */

import { segment } from "../api.js";
import { h, nameOf } from "../dom.js";
import { scoreText } from "../list.js";
import { address } from "../place.js";

/** @typedef {import("../types.js").Answer} Answer */
/** @typedef {import("../types.js").Context} Context */
/** @typedef {import("../types.js").Neighbor} Neighbor */
/** @typedef {import("../types.js").Relation} Relation */

const K = 10;
const ASKED = 16; // popular items whose answers are compared
const SHOWN = 8;

/**
 * The answers of two versions for one item.
 * @param {string} before
 * @param {string} after
 * @param {string} item
 * @param {Context} context
 */
export async function changes(before, after, item, context) {
  const { relations } = context.about;
  const cards = await Promise.all(relations.map(async (relation) => {
    const [old, now] = await Promise.all([before, after].map((version) => answer(version, relation, item, context)));
    return old && now ? change(relation, old, now) : h("p", { class: "empty" }, `One of the two versions has no answer to “${relation}” for it.`);
  }));
  return h("div", { class: "columns" }, cards);
}

/**
 * @param {string} version
 * @param {Relation} relation
 * @param {string} item
 * @param {Context} context
 * @returns {Promise<Answer | null>} null if the version does not know the item, or the relation
 */
async function answer(version, relation, item, { api, signal }) {
  try {
    return await api.get(`models/${version}/${relation}/${segment(item)}`, { k: K }, signal);
  } catch (error) {
    signal.throwIfAborted();
    if (error instanceof Error && "status" in error && [404, 409].includes(Number(error.status))) return null;
    throw error;
  }
}

/**
 * @param {Relation} relation
 * @param {Answer} old
 * @param {Answer} now
 */
function change(relation, old, now) {
  const rank = new Map(old.items.map((item, place) => [item.item_id, place]));
  const kept = new Set(now.items.map((item) => item.item_id));
  const gone = old.items.filter((item) => !kept.has(item.item_id));
  const shared = now.items.filter((item) => rank.has(item.item_id)).length;
  return h("div", { class: "stack change" },
    h("h3", {}, `${relation === "similar" ? "Similar" : "Next"}: ${shared} of ${now.items.length} stay`),
    h("ol", { class: "moves" }, now.items.map((item, place) => line(item, now, place, rank.get(item.item_id)))),
    gone.length > 0 && h("div", { class: "stack" }, h("h4", {}, "No longer among them"),
      h("ul", { class: "moves" }, gone.map((item) => h("li", { class: "gone" }, h("span", { class: "move" }, `was ${(rank.get(item.item_id) ?? 0) + 1}`),
        h("a", { class: "title", href: address("item", item.item_id) }, nameOf(item)), h("span", {}))))));
}

/**
 * @param {Neighbor} item
 * @param {Answer} now
 * @param {number} place
 * @param {number | undefined} before
 */
function line(item, now, place, before) {
  const steps = before === undefined ? 0 : before - place;
  const [kind, text, label] = before === undefined ? ["new", "new", "new"]
    : steps > 0 ? ["up", `↑ ${steps}`, `${steps} up`] : steps < 0 ? ["down", `↓ ${-steps}`, `${-steps} down`] : ["same", "=", "unchanged"];
  return h("li", { class: kind }, h("span", { class: "move", role: "img", "aria-label": label }, text),
    h("a", { class: "title", href: address("item", item.item_id) }, nameOf(item)),
    h("span", { class: "soft" }, scoreText(item.score, now.score_kind)));
}

/**
 * How many similar items two versions share, for popular items; the most changed first.
 * @param {string} before
 * @param {string} after
 * @param {Context} context
 * @returns {Promise<{item: Neighbor, shared: number}[]>} without items that one of them does not know
 */
async function overlaps(before, after, context) {
  const { items } = await context.api.get("popular", { k: ASKED }, context.signal);
  const lines = await Promise.all(items.map(async (/** @type {Neighbor} */ item) => {
    const [old, now] = await Promise.all([before, after].map((version) => answer(version, "similar", item.item_id, context)));
    if (!old || !now) return [];
    const ids = new Set(old.items.map((one) => one.item_id));
    return [{ item, shared: now.items.filter((one) => ids.has(one.item_id)).length }];
  }));
  return lines.flat().sort((one, other) => one.shared - other.shared);
}

/**
 * What changes on the whole, in one sentence.
 * @param {string} before
 * @param {string} after
 * @param {Context} context
 */
export async function summary(before, after, context) {
  return summed(await overlaps(before, after, context));
}

/** @param {{shared: number}[]} lines */
function summed(lines) {
  if (!lines.length) return "They have no popular item in common.";
  const mean = lines.reduce((sum, { shared }) => sum + shared, 0) / lines.length;
  return `Of the ${K} similar items of a popular one, ${mean.toFixed(1)} stay on average (of the ${lines.length} most popular).`;
}

/**
 * Popular items whose similar items changed most.
 * @param {string} before
 * @param {string} after
 * @param {string} chosen
 * @param {Context} context
 */
export async function mostChanged(before, after, chosen, context) {
  const lines = await overlaps(before, after, context);
  return h("div", { class: "stack" }, h("h3", {}, "Where answers changed most"), h("p", { class: "soft" }, summed(lines)),
    h("ul", { class: "moves most" }, lines.slice(0, SHOWN).map(({ item, shared }) => h("li", {},
      h("meter", { min: 0, max: K, value: shared, "aria-hidden": "true" }),
      h("a", { class: "title", href: address("models", "", { a: after, b: before, item: item.item_id }), "aria-current": item.item_id === chosen ? "true" : null }, nameOf(item)),
      h("span", { class: "soft" }, `${shared} of ${K} stay`)))));
}
