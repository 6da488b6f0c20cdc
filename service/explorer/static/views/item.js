/** One item: what is known of it, what is similar, what comes next, and why. */

import { showAnew } from "../anew.js";
import { announce, h, nameOf } from "../dom.js";
import { factList } from "../facts.js";
import { filterField } from "../filter.js";
import { mapInset } from "../inset.js";
import { requestLines } from "../lines.js";
import { csvButton, itemList } from "../list.js";
import { address, note, placeOf } from "../place.js";
import { segment, Problem } from "../api.js";
import { problemBox, withCode } from "../problem.js";
import { stripTable } from "../strips.js";

/** @typedef {import("../types.js").Answer} Answer */
/** @typedef {import("../types.js").Context} Context */
/** @typedef {import("../types.js").Place} Place */
/** @typedef {import("../types.js").PlacedItem} PlacedItem */
/** @typedef {import("../types.js").Relation} Relation */

const LENGTHS = [10, 20, 50];
const STRIPS = 10; // neighbors whose vectors are shown
const TITLES = { similar: "Similar", next: "Next" };
/** What the scores of an answer mean. */
const MEANING = {
  cosine: "What could stand in its place: cosines, less a little for rare items.",
  probability: "What comes after it or goes with it, and how probable that is.",
  votes: "What comes after it or goes with it, and its share of the votes.",
  popularity: "",
};

/** @type {import("../types.js").View} */
export const view = {
  title: "Item",
  async show(root, place, context) {
    return showAnew(place, context.signal, (to, signal) => showItem(root, to, { ...context, signal }));
  },
};

/**
 * @param {HTMLElement} root
 * @param {Place} place
 * @param {Context} context
 */
async function showItem(root, place, context) {
  const item = await itemOf(place.id, context);
  document.title = `${item ? nameOf(item) : place.id} · item2vec`;
  if (!item) root.replaceChildren(unknown(place.id));
  else if (!item.trained || item.row === null) root.replaceChildren(untrained(item));
  else {
    const page = new Page(item, place, context);
    await page.load();
    context.signal.throwIfAborted();
    root.replaceChildren(...page.elements);
  }
}

/**
 * @param {string} id
 * @param {Context} context
 * @returns {Promise<PlacedItem | undefined>}
 */
async function itemOf(id, { api, signal }) {
  return (await api.get("explore/items", { id, vectors: true }, signal)).items[0];
}

/** What is asked about a trained item, and the parts of the page that show the answers. */
class Page {
  /**
   * @param {PlacedItem} item
   * @param {Place} place
   * @param {Context} context
   */
  constructor(item, place, context) {
    this._item = item;
    this._context = context;
    this._asked = askedBy(place, context.about);
    this._latest = 0;
    this._filter = filterField({ about: context.about, value: this._asked.filter, onchange: (filter) => this._change({ filter }) });
    this._lengths = LENGTHS.map((k) => h("button", { "aria-label": `Show ${k} items`, disabled: k > context.about.max_k,
      onclick: () => this._change({ k }) }, k));
    this._lists = h("div", { class: "columns" });
    this._picture = h("div", { class: "place" });
    this._vectors = h("div", {});
  }

  /** The parts, from top to bottom. */
  get elements() {
    return [
      h("section", { class: "card item-head" }, h("div", { class: "stack" }, ...head(this._item), actions(this._item)), this._picture),
      h("div", { class: "row spread options" }, this._filter.element,
        h("span", { class: "row" }, h("span", { class: "soft" }, "Show"), h("span", { class: "segments" }, this._lengths))),
      this._lists, this._vectors,
    ];
  }

  /** Asks, and shows the answers; a condition that means nothing leaves what was shown. */
  async load() {
    const { filter, k } = this._asked;
    const turn = ++this._latest;
    note(address("item", this._item.item_id, { filter, k: k === LENGTHS[0] ? null : k }));
    this._lengths.forEach((button, number) => button.setAttribute("aria-pressed", String(LENGTHS[number] === k)));
    try {
      const answers = await Promise.all(this._context.about.relations.map((relation) => this._related(relation)));
      if (turn !== this._latest) return;
      this._filter.fault(null);
      this._lists.replaceChildren(...answers.map((answer) => card(answer, this._item, this._asked, this._context)), ...withoutNext(this._context));
      announce(`${answers.map((answer) => `${answer.returned} ${answer.relation}`).join(", ")} items`);
      await this._explain(answers[0].items.slice(0, STRIPS).map((neighbor) => neighbor.item_id));
    } catch (error) {
      if (this._context.signal.aborted || turn !== this._latest) return;
      if (error instanceof Problem && error.status === 422 && filter) this._filter.fault(error.message);
      else this._lists.replaceChildren(problemBox(error, () => this.load()));
    }
  }

  /** @param {Partial<Asked>} change */
  _change(change) {
    Object.assign(this._asked, change);
    void this.load();
  }

  /**
   * @param {Relation} relation
   * @returns {Promise<Answer>}
   */
  _related(relation) {
    const path = `${relation}/${segment(this._item.item_id)}`;
    return this._context.api.get(path, { ...this._asked, include: ["title", "metadata"] }, this._context.signal);
  }

  /**
   * Shows the vectors of neighbors, and where they lie.
   * @param {string[]} ids
   */
  async _explain(ids) {
    const { api, about, signal } = this._context;
    const item = this._item;
    const others = about.examples.map((example) => example.item_id).filter((id) => id !== item.item_id && !ids.includes(id));
    const { items } = await api.get("explore/items", { id: [...ids, ...others], vectors: true }, signal);
    const neighbors = /** @type {PlacedItem[]} */ (items.slice(0, ids.length));
    this._vectors.replaceChildren(vectors(item, neighbors, items.slice(ids.length), this._context));
    const rows = neighbors.flatMap((one) => one.row ?? []);
    const canvas = await mapInset(this._context, item.row ?? 0, rows, `Map: where ${nameOf(item)} and its neighbors lie`).catch(() => null);
    if (!canvas) return;
    this._picture.replaceChildren(h("a", { href: address("map", "", { item: item.item_id }) }, canvas, h("span", {}, "On the map")));
  }
}

/** @typedef {{filter: string, k: number}} Asked */

/**
 * @param {Place} place
 * @param {import("../types.js").About} about
 * @returns {Asked}
 */
function askedBy({ params }, about) {
  const k = LENGTHS.find((length) => String(length) === params.get("k")) ?? LENGTHS[0];
  return { filter: params.get("filter") ?? "", k: Math.min(k, about.max_k) };
}

/** @param {PlacedItem} item */
function head(item) {
  return [
    h("h1", {}, nameOf(item)),
    factList({ id: item.item_id, events: item.trained ? item.count.toLocaleString("en") : null, ...item.metadata }),
  ];
}

/** @param {PlacedItem} item */
function actions(item) {
  const id = item.item_id;
  return h("div", { class: "row" },
    h("a", { class: "button", href: address("taste", "", { like: id }) }, "Like it in Taste"),
    h("a", { class: "button", href: address("session", "", { item: id }) }, "Start a session with it"),
    h("a", { class: "button", href: address("analogy", "", { plus: id }) }, "Use it in an analogy"));
}

/**
 * @param {Answer} answer
 * @param {PlacedItem} item
 * @param {Asked} asked
 * @param {Context} context
 */
function card(answer, item, { filter, k }, { api }) {
  const { relation } = answer;
  const url = api.address(`${relation}/${segment(item.item_id)}`, { k, filter });
  return h("section", { class: "card stack related", "aria-labelledby": relation },
    h("div", { class: "row spread" }, h("h2", { id: relation }, TITLES[relation]),
      csvButton(`${relation}-${item.item_id}`, () => answer.items)),
    h("p", { class: "soft" }, MEANING[answer.score_kind]),
    answer.items.length ? itemList(answer) : h("p", { class: "empty" }, nothing(answer, filter)),
    requestLines({ method: "GET", url, hasKey: Boolean(api.key) }));
}

/**
 * @param {Answer} answer
 * @param {string} filter
 */
function nothing(answer, filter) {
  if (filter) return "No item that the condition allows. Make it wider, or empty it.";
  return answer.relation === "next" ? "Nothing ever came after it in the log." : "There is no other item.";
}

/** @param {Context} context */
function withoutNext({ about }) {
  if (about.relations.includes("next")) return [];
  return [h("section", { class: "card stack" }, h("h2", {}, TITLES.next), h("p", { class: "empty" },
    withCode("This model does not know what comes next: it was imported, or trained with `next.continuations = 0`.")))];
}

/**
 * @param {PlacedItem} item
 * @param {PlacedItem[]} neighbors
 * @param {PlacedItem[]} others items to compare with
 * @param {Context} context
 */
function vectors(item, neighbors, others, { about, signal }) {
  /** @param {PlacedItem} one @param {string} [kind] */
  const strip = (one, kind) => ({ name: nameOf(one), item_id: one.item_id, vector: one.vector ?? [], kind });
  const stranger = leastLike(item, others);
  return h("section", { class: "card stack", "aria-labelledby": "vector" },
    h("h2", { id: "vector" }, "Why they are neighbors"),
    h("p", { class: "soft" }, `Each item is a vector of ${about.vector_size} numbers, drawn as colors. Where the colors below agree with those `
      + `on top, the items are alike${stranger ? "; the last strip is of an item that is not" : ""}.`),
    stripTable({
      strips: [strip(item, "first"), ...neighbors.map((one) => strip(one)), ...(stranger ? [strip(stranger, "apart")] : [])],
      base: 0, spread: about.spread, signal,
    }));
}

/**
 * @param {PlacedItem} item
 * @param {PlacedItem[]} others
 * @returns {PlacedItem | undefined}
 */
function leastLike(item, others) {
  /** @param {PlacedItem} one */
  const cosine = (one) => (one.vector ?? []).reduce((sum, value, place) => sum + value * (item.vector?.[place] ?? 0), 0);
  return others.filter((one) => one.vector).sort((a, b) => cosine(a) - cosine(b))[0];
}

/** @param {PlacedItem} item */
function untrained(item) {
  const words = nameOf(item).split(/\s+/).slice(0, 2).join(" ");
  return h("section", { class: "card stack item-head" },
    h("div", { class: "stack" },
      ...head(item),
      h("div", { class: "empty" },
        h("h2", {}, "Not trained yet"),
        h("p", {}, "Only the file of items describes it. It was in too few sessions of the log, so it has no vector: no answer names it, and nothing can be asked about it."),
        h("p", { class: "soft" },
          withCode("It will have one once it was seen often enough (`data.min_count`) and the next model is trained."))),
      h("p", {}, h("a", { href: address("search", "", { q: words }) }, `Find items called “${words}”`))));
}

/** @param {string} id */
function unknown(id) {
  return h("section", { class: "card stack" }, h("div", { class: "problem", role: "alert" },
    h("h1", {}, `No item has the id “${id}”`),
    h("p", { class: "soft" }, "Ids must match exactly, capital letters too. It may be gone from the newest log."),
    h("p", {}, h("a", { href: address("search", "", { q: id }) }, `Find items called “${id}”`))));
}
