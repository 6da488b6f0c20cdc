/** A session, item by item, and what the model expects next: as a keyboard suggests words. */

import { announce, h, nameOf } from "../dom.js";
import { requestLines } from "../lines.js";
import { csvButton, itemList, scoreText } from "../list.js";
import { address, go, note } from "../place.js";
import { problemBox, withCode } from "../problem.js";
import { voiceList } from "../reasons.js";
import { searchField } from "../search.js";

/** @typedef {import("../types.js").Answer} Answer */
/** @typedef {import("../types.js").Context} Context */
/** @typedef {import("../types.js").Neighbor} Neighbor */
/** @typedef {import("../types.js").Place} Place */

const SHOWN = 9; // as many as there are digits

/** @type {import("../types.js").View} */
export const view = {
  title: "Session",
  async show(root, place, context) {
    if (!context.about.relations.includes("next")) {
      root.replaceChildren(without());
      return;
    }
    const walk = new Walk(root, context);
    await walk.open(place);
    return (to) => walk.open(to);
  },
};

function without() {
  return h("section", { class: "card stack" }, h("h1", {}, "Session"), h("p", { class: "empty" },
    withCode("This model does not know what comes next: it was imported, or trained with `next.continuations = 0`.")));
}

/** The steps so far on one side, the next ones on the other. */
class Walk {
  /**
   * @param {HTMLElement} root
   * @param {Context} context
   */
  constructor(root, context) {
    this.context = context;
    /** @type {string[]} */
    this.items = [];
    this.seen = false;
    /** @type {Map<string, string>} */
    this.names = new Map();
    /** What was expected of each step, by the steps before it. @type {Map<string, Promise<string>>} */
    this.guesses = new Map();
    /** @type {Neighbor[]} */
    this.expected = [];
    this.turn = 0;
    this.field = searchField({ api: context.api, label: "Add an item to the session", placeholder: "What comes then?",
      onpick: (item) => { this.names.set(item.item_id, nameOf(item)); this.append(item.item_id); } });
    this.past = h("section", { class: "card stack", "aria-label": "The session" });
    this.future = h("section", { class: "card stack", "aria-label": "What comes next" });
    root.replaceChildren(h("h1", { class: "unseen" }, "Session"), h("div", { class: "desk" }, this.past, this.future));
    document.addEventListener("keydown", (event) => this.type(event), { signal: context.signal });
  }

  /** @param {Place} place */
  async open({ params }) {
    this.items = params.getAll("item");
    this.seen = params.get("seen") === "1";
    await this.load();
  }

  /** @param {string[]} items */
  addressOf(items) {
    return address("session", "", { item: items, seen: this.seen ? 1 : null });
  }

  /** @param {string} id */
  append(id) {
    go(this.addressOf([...this.items, id]));
  }

  /**
   * A digit appends what is expected, Backspace takes the last item away.
   * @param {KeyboardEvent} event
   */
  type(event) {
    const target = /** @type {HTMLElement} */ (event.target);
    if (event.ctrlKey || event.metaKey || event.altKey || target.matches("input, textarea, select")) return;
    const item = this.expected[Number(event.key) - 1];
    if (/^[1-9]$/.test(event.key) && item) this.append(item.item_id);
    else if (event.key === "Backspace" && this.items.length) go(this.addressOf(this.items.slice(0, -1)));
    else return;
    event.preventDefault();
  }

  async load() {
    const { context, items } = this;
    const turn = ++this.turn;
    await this.learnNames();
    const steps = await Promise.all(items.map((_, place) => this.step(place)));
    if (turn !== this.turn || context.signal.aborted) return;
    const hadFocus = this.past.contains(document.activeElement);
    this.past.replaceChildren(...this.drawn(steps));
    if (hadFocus) this.field.input.focus();
    if (!items.length) {
      this.expected = [];
      this.future.replaceChildren(...this.beginning());
      return;
    }
    try {
      const body = this.body(items);
      /** @type {Answer} */
      const answer = await context.api.send("POST", "recommend", { ...body, explain: true, include: ["title", "metadata"] }, context.signal);
      if (turn !== this.turn) return;
      this.expected = answer.items;
      for (const item of answer.items) this.names.set(item.item_id, nameOf(item));
      this.future.replaceChildren(...this.answered(answer, body));
      if (answer.items[0]) announce(`${nameOf(answer.items[0])}, ${scoreText(answer.items[0].score, answer.score_kind)}`);
    } catch (error) {
      if (!context.signal.aborted && turn === this.turn) this.future.replaceChildren(problemBox(error, () => void this.load()));
    }
  }

  /** @param {string[]} items */
  body(items) {
    /** @type {Record<string, any>} */
    const body = { liked: items, relation: "next", k: Math.min(SHOWN, this.context.about.max_k) };
    if (this.seen) body.allow_seen = true;
    return body;
  }

  async learnNames() {
    const ids = [...new Set(this.items)].filter((id) => !this.names.has(id));
    if (!ids.length) return;
    const { items } = await this.context.api.get("explore/items", { id: ids }, this.context.signal);
    for (const id of ids) this.names.set(id, id);
    for (const item of items) this.names.set(item.item_id, nameOf(item));
  }

  /**
   * How far the model expected an item after those before it.
   * @param {number} place
   * @returns {Promise<string>}
   */
  step(place) {
    const before = this.items.slice(0, place);
    const item = this.items[place];
    const key = JSON.stringify([before, item, this.seen]);
    const known = this.guesses.get(key);
    if (known) return known;
    const guess = place === 0 ? Promise.resolve("") : this.guess(before, item);
    this.guesses.set(key, guess);
    return guess;
  }

  /**
   * @param {string[]} before
   * @param {string} item
   */
  async guess(before, item) {
    if (before.includes(item) && !this.seen) return "seen before";
    try {
      const found = await this.context.api.send("POST", "explain", { ...this.body(before), item }, this.context.signal);
      if (found.rank === null || found.score === null) return "not expected";
      return `no. ${found.rank.toLocaleString("en")} · ${scoreText(found.score, "probability")}`;
    } catch {
      return "unknown";
    }
  }

  /**
   * @param {string[]} guesses
   * @returns {Node[]}
   */
  drawn(guesses) {
    const { items } = this;
    const lines = items.map((id, place) => h("li", {}, h("a", { class: "title", href: address("item", id) }, this.names.get(id) ?? id),
      h("span", { class: `guess${/^no\. [1-9] /.test(guesses[place]) ? " hit" : ""}`, title: place ? "Its rank before it came, and how probable it was" : "" },
        guesses[place])));
    const again = h("input", { type: "checkbox", checked: this.seen, onchange: () => {
      this.seen = again.checked;
      note(this.addressOf(items));
      void this.load();
    } });
    return [
      h("div", { class: "row spread" }, h("h2", {}, "The session"), items.length > 0 && h("span", { class: "row" },
        h("button", { class: "small", onclick: () => go(this.addressOf(items.slice(0, -1))) }, "Undo"),
        h("a", { class: "button small", href: "#session" }, "Start anew"))),
      ...(items.length ? [h("ol", { class: "steps" }, lines)] : [h("p", { class: "soft" }, "Nothing yet. Add the first item.")]),
      this.field.element,
      h("label", { class: "check" }, again, "Items may come again"),
    ];
  }

  /**
   * @param {Answer} answer
   * @param {Record<string, any>} body
   * @returns {Node[]}
   */
  answered(answer, body) {
    const { api } = this.context;
    const list = itemList(answer, {
      actions: (item) => [h("button", { class: "small", "aria-label": `Add ${nameOf(item)} to the session`, onclick: () => this.append(item.item_id) }, "Add")],
      more: (item) => voiceList(item.voices),
    });
    return [
      h("div", { class: "row spread" }, h("h2", {}, "What comes next"), csvButton("session", () => answer.items)),
      h("p", { class: "soft" }, "How probable each item is, and the voices that speak for it. Press ", h("kbd", {}, "1"), " to ",
        h("kbd", {}, "9"), " to add one, ", h("kbd", {}, "Backspace"), " to take the last one away."),
      ...(answer.ignored_items?.length ? [h("p", { class: "remark" }, `The newest ${this.context.about.next?.last_items ?? ""} items have a vote.`)] : []),
      answer.fallback_used ? h("p", { class: "empty" }, "None of these items is known: add another one.") : list,
      requestLines({ method: "POST", url: api.address("recommend"), body, hasKey: Boolean(api.key) }),
    ];
  }

  beginning() {
    return [
      h("h2", {}, "Begin with an item"),
      h("p", { class: "lead" }, "Add what somebody looked at or bought, in order. After each item you see what the model expects next, "
        + "and beside each step how far it had expected it."),
      h("ul", { class: "chips", "aria-label": "Items to begin with" }, this.context.about.examples.map((item) =>
        h("li", {}, h("a", { class: "chip", href: this.addressOf([item.item_id]) }, nameOf(item))))),
    ];
  }
}
