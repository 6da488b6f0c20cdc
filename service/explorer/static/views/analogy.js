/** What is to one item as a second is to a third: sums of vectors. */

import { showAnew } from "../anew.js";
import { h, nameOf } from "../dom.js";
import { requestLines } from "../lines.js";
import { csvButton, itemList } from "../list.js";
import { address, go } from "../place.js";
import { examplesOf } from "../riddles.js";
import { searchField } from "../search.js";
import { stripTable } from "../strips.js";

/** @typedef {import("../types.js").Answer} Answer */
/** @typedef {import("../types.js").Context} Context */
/** @typedef {import("../types.js").Place} Place */
/** @typedef {import("../types.js").PlacedItem} PlacedItem */
/**
 * An item that is added or taken away; without an id, a place for one.
 * @typedef {object} Term
 * @property {"plus" | "minus"} sign
 * @property {string} [id]
 */

const K = 10;
const SIGNS = { plus: "+", minus: "−" };
const PURPOSE = { plus: "Add an item", minus: "Take an item away" };

/** @type {import("../types.js").View} */
export const view = {
  title: "Analogy",
  async show(root, place, context) {
    return showAnew(place, context.signal, (to, signal) => showSum(root, termsOf(to), { ...context, signal }));
  },
};

/**
 * The terms in the order in which they are read: a − b + c.
 * @param {Place} place
 * @returns {Term[]}
 */
function termsOf({ params }) {
  const [first, ...others] = params.getAll("plus");
  /** @type {Term[]} */
  const terms = [
    { sign: "plus", id: first },
    ...params.getAll("minus").map((id) => /** @type {Term} */ ({ sign: "minus", id })),
    ...others.map((id) => /** @type {Term} */ ({ sign: "plus", id })),
  ];
  if (!params.has("minus")) terms.splice(1, 0, { sign: "minus" });
  if (!others.length) terms.push({ sign: "plus" });
  return terms;
}

/** @param {Term[]} terms */
function addressOf(terms) {
  /** @param {Term["sign"]} sign */
  const ids = (sign) => terms.flatMap((term) => term.id && term.sign === sign ? [term.id] : []);
  return address("analogy", "", { plus: ids("plus"), minus: ids("minus") });
}

/**
 * @param {HTMLElement} root
 * @param {Term[]} terms
 * @param {Context} context
 */
async function showSum(root, terms, context) {
  const ids = terms.flatMap((term) => term.id ?? []);
  const { items } = ids.length
    ? await context.api.get("explore/items", { id: [...new Set(ids)], vectors: true }, context.signal) : { items: [] };
  const known = new Map(/** @type {PlacedItem[]} */ (items).map((item) => [item.item_id, item]));
  const answer = h("div", { class: "stack wide-gap" });
  const hadFocus = root.querySelector(":focus") !== null;
  const form = sum(terms, known, context);
  const head = h("section", { class: "card stack" }, h("h1", {}, "Analogy"),
    h("p", { class: "lead" }, "Take an item, take away what it shares with a second one, add a third: what comes out?"), form);
  if (ids.length) answer.replaceChildren(...await answers(terms, known, context));
  else answer.replaceChildren(await examples(context));
  context.signal.throwIfAborted();
  root.replaceChildren(head, answer);
  if (hadFocus) /** @type {HTMLElement | null} */ (form.querySelector("input") ?? form.querySelector("a"))?.focus();
}

/**
 * The sum as one writes it, with a field in each place that is empty.
 * @param {Term[]} terms
 * @param {Map<string, PlacedItem>} known
 * @param {Context} context
 */
function sum(terms, known, context) {
  const line = h("div", { class: "sum" });
  /** @param {Term["sign"]} sign */
  const more = (sign) => h("button", { onclick: () => {
    const field = slot({ sign }, terms, known, context);
    line.insertBefore(field, line.querySelector(".sum-more"));
    field.querySelector("input")?.focus();
  } }, `${SIGNS[sign]} ${sign === "plus" ? "add" : "take away"}`);
  line.append(...terms.map((term) => slot(term, terms, known, context)),
    h("div", { class: "row sum-more" }, more("plus"), more("minus"),
      terms.some((term) => term.id) && h("a", { class: "button", href: "#analogy" }, "Clear")));
  return line;
}

/**
 * One term: its item, or a field to find one.
 * @param {Term} term
 * @param {Term[]} terms all of them
 * @param {Map<string, PlacedItem>} known
 * @param {Context} context
 */
function slot(term, terms, known, { api }) {
  const sign = h("span", { class: "sign", "aria-hidden": "true" }, SIGNS[term.sign]);
  if (term.id === undefined) {
    const { element } = searchField({ api, label: PURPOSE[term.sign], onpick: (item) => {
      const filled = { ...term, id: item.item_id };
      go(addressOf(terms.includes(term) ? terms.map((one) => one === term ? filled : one) : [...terms, filled]));
    } });
    return h("div", { class: "term" }, sign, element);
  }
  const item = known.get(term.id);
  const name = item ? nameOf(item) : term.id;
  return h("div", { class: `term chosen ${term.sign}` }, sign,
    h("span", { class: "what" },
      item ? h("a", { href: address("item", term.id) }, name) : name, " ",
      h("span", { class: "soft" }, !item ? "is not known" : !item.trained ? "is not trained" : item.title && term.id)),
    h("button", { class: "small", "aria-label": `Remove ${name}`,
      onclick: () => go(addressOf(terms.filter((one) => one !== term))) }, "×"));
}

/**
 * @param {Term[]} terms
 * @param {Map<string, PlacedItem>} known
 * @param {Context} context
 * @returns {Promise<Node[]>}
 */
async function answers(terms, known, { api, about, signal }) {
  const used = terms.filter((term) => term.id && known.get(term.id)?.trained);
  /** @param {Term["sign"]} sign */
  const ids = (sign) => used.flatMap((term) => term.id && term.sign === sign ? [term.id] : []);
  const body = { positive: ids("plus"), negative: ids("minus"), k: Math.min(K, about.max_k) };
  if (!body.positive.length) return [h("p", { class: "card empty" }, "Add at least one item that is trained.")];
  /** @type {Answer} */
  const answer = await api.send("POST", "analogy", { ...body, include: ["title", "metadata"] }, signal);
  const { items } = await api.get("explore/items", { id: answer.items.map((item) => item.item_id), vectors: true }, signal);
  const list = h("section", { class: "card stack", "aria-labelledby": "answers" },
    h("div", { class: "row spread" }, h("h2", { id: "answers" }, "What comes out"), csvButton("analogy", () => answer.items)),
    itemList(answer),
    requestLines({ method: "POST", url: api.address("analogy"), body, hasKey: Boolean(api.key) }));
  return [list, arithmetic(used, known, items, about, signal)];
}

/**
 * @param {Term[]} used
 * @param {Map<string, PlacedItem>} known
 * @param {PlacedItem[]} found
 * @param {import("../types.js").About} about
 * @param {AbortSignal} signal
 */
function arithmetic(used, known, found, about, signal) {
  const strips = used.map(({ sign, id }) => {
    const item = /** @type {PlacedItem} */ (known.get(id ?? ""));
    const vector = (item.vector ?? []).map((value) => sign === "minus" ? -value : value);
    return { sign: SIGNS[sign], name: nameOf(item), item_id: id, vector };
  });
  const total = unit(strips[0].vector.map((_, dimension) => strips.reduce((sum, { vector }) => sum + vector[dimension], 0)));
  const answers = found.map((item) => ({ name: nameOf(item), item_id: item.item_id, vector: item.vector ?? [] }));
  return h("section", { class: "card stack", "aria-labelledby": "arithmetic" },
    h("h2", { id: "arithmetic" }, "The arithmetic"),
    h("p", { class: "soft" }, "The strips above the line are added, column by column, and the sum is brought to length 1. "
      + "Below it are the items whose vectors come nearest. What is taken away has its colors turned round."),
    stripTable({ strips: [...strips, { sign: "=", name: "the sum", vector: total, kind: "total" }, ...answers], base: strips.length,
      spread: about.spread, signal }));
}

/** @param {number[]} vector */
function unit(vector) {
  const length = Math.hypot(...vector) || 1;
  return vector.map((value) => value / length);
}

/** @param {Context} context */
async function examples(context) {
  const riddles = await examplesOf(context);
  return h("section", { class: "card stack", "aria-labelledby": "riddles" },
    h("h2", { id: "riddles" }, "Examples from this catalogue"),
    h("ul", { class: "riddles" }, riddles.map(([one, less, other]) => h("li", {},
      h("a", { href: address("analogy", "", { plus: [one.item_id, other.item_id], minus: [less.item_id] }) },
        h("span", {}, nameOf(one)), h("span", {}, h("b", {}, "− "), nameOf(less)), h("span", {}, h("b", {}, "+ "), nameOf(other)),
        h("span", { class: "soft" }, "= ?"))))));
}
