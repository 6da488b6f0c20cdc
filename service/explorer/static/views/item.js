/** One item: what is known of it, what is similar, what comes next, and why. */

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
/** @type {Record<Relation, {title: string, meaning: string}>} */
const MEANING = {
  similar: { title: "Similar", meaning: "What could stand in its place: cosines, less a little for rare items." },
  next: { title: "Next", meaning: "What comes after it or goes with it, and how probable that is." },
};

/** @type {import("../types.js").View} */
export const view = {
  title: "Item",
  async show(root, place, context) {
    let leaving = new AbortController();
    context.signal.addEventListener("abort", () => leaving.abort());
    /** @param {Place} to */
    const open = async (to) => {
      leaving.abort();
      leaving = new AbortController();
      await showItem(root, to, { ...context, signal: leaving.signal });
    };
    await open(place);
    return open;
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
  else await showTrained(root, item, place, context);
}

/**
 * @param {string} id
 * @param {Context} context
 * @returns {Promise<PlacedItem | undefined>}
 */
async function itemOf(id, { api, signal }) {
  return (await api.get("explore/items", { id, vectors: true }, signal)).items[0];
}

/**
 * @param {HTMLElement} root
 * @param {PlacedItem} item
 * @param {Place} place
 * @param {Context} context
 */
async function showTrained(root, item, place, context) {
  const asked = {
    filter: place.params.get("filter") ?? "",
    k: Math.min(LENGTHS.find((k) => String(k) === place.params.get("k")) ?? LENGTHS[0], context.about.max_k),
  };
  const filter = filterField({ about: context.about, value: asked.filter, onchange: (condition) => {
    asked.filter = condition;
    void load();
  } });
  const lengths = LENGTHS.map((k) => h("button", { "aria-label": `Show ${k} items`, disabled: k > context.about.max_k, onclick: () => {
    asked.k = k;
    void load();
  } }, k));
  const cards = h("div", { class: "columns" });
  const picture = h("div", { class: "place" });
  const below = h("div", {});

  let latest = 0;
  const load = async () => {
    const { filter: condition, k } = asked;
    const turn = ++latest;
    note(address("item", item.item_id, { filter: condition, k: k === LENGTHS[0] ? null : k }));
    lengths.forEach((button, number) => button.setAttribute("aria-pressed", String(LENGTHS[number] === k)));
    try {
      const answers = await Promise.all(context.about.relations.map((relation) => related(relation, item, asked, context)));
      if (turn !== latest) return;
      filter.fault(null);
      cards.replaceChildren(...answers.map((answer) => card(answer, item, asked, context)), ...withoutNext(context));
      announce(`${answers.map((answer) => `${answer.returned} ${answer.relation}`).join(", ")} items`);
      await explain(answers[0]);
    } catch (error) {
      if (context.signal.aborted || turn !== latest) return;
      if (error instanceof Problem && error.status === 422 && condition) filter.fault(error.message);
      else cards.replaceChildren(problemBox(error, load));
    }
  };
  /** @param {Answer} similar */
  const explain = async (similar) => {
    const ids = similar.items.slice(0, STRIPS).map((neighbor) => neighbor.item_id);
    const others = context.about.examples.map((example) => example.item_id).filter((id) => id !== item.item_id && !ids.includes(id));
    const { items } = await context.api.get("explore/items", { id: [...ids, ...others], vectors: true }, context.signal);
    below.replaceChildren(vectors(item, items.slice(0, ids.length), items.slice(ids.length), context));
    const rows = items.slice(0, ids.length).map((/** @type {PlacedItem} */ one) => one.row ?? 0);
    const canvas = await mapInset(context, item.row ?? 0, rows, `Map: where ${nameOf(item)} and its neighbors lie`).catch(() => null);
    if (canvas) picture.replaceChildren(h("a", { href: address("map", "", { q: item.item_id }) }, canvas, h("span", {}, "On the map")));
  };
  const ready = load();
  if (root.querySelector(".item-head") === null) root.replaceChildren(h("p", { class: "loading" }, `Asking about ${nameOf(item)} …`));
  await ready;
  context.signal.throwIfAborted();
  root.replaceChildren(
    h("section", { class: "card item-head" }, h("div", { class: "stack" }, ...head(item), actions(item)), picture),
    h("div", { class: "row spread options" }, filter.element,
      h("span", { class: "row" }, h("span", { class: "soft" }, "Show"), h("span", { class: "segments" }, lengths))),
    cards, below);
}

/**
 * @param {Relation} relation
 * @param {PlacedItem} item
 * @param {{filter: string, k: number}} asked
 * @param {Context} context
 * @returns {Promise<Answer>}
 */
function related(relation, item, { filter, k }, { api, about, signal }) {
  const include = about.columns.length ? ["title", "metadata"] : null;
  return api.get(`${relation}/${segment(item.item_id)}`, { k, filter, include }, signal);
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
 * @param {{filter: string, k: number}} asked
 * @param {Context} context
 */
function card(answer, item, { filter, k }, { api }) {
  const { relation } = answer;
  const { title, meaning } = MEANING[relation];
  const url = api.address(`${relation}/${segment(item.item_id)}`, { k, filter });
  return h("section", { class: "card stack related", "aria-labelledby": relation },
    h("div", { class: "row spread" }, h("h2", { id: relation }, title),
      csvButton(`${relation}-${item.item_id}`, () => answer.items)),
    h("p", { class: "soft" }, meaning),
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
  return [h("section", { class: "card stack" }, h("h2", {}, MEANING.next.title), h("p", { class: "empty" },
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
