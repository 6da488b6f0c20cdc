/** A taste of liked and disliked items, and the answer to it, which changes as one moves. */

import { Problem } from "../api.js";
import { debounced, h, nameOf } from "../dom.js";
import { filterField } from "../filter.js";
import { requestLines } from "../lines.js";
import { csvButton, itemList, scoreText } from "../list.js";
import { note } from "../place.js";
import { problemBox } from "../problem.js";
import { contributionBars, voiceList } from "../reasons.js";
import { searchField } from "../search.js";
import { options } from "../taste/options.js";
import { partList } from "../taste/parts.js";
import { addressOf, bodyOf, LENGTHS, tasteOf } from "../taste/taste.js";

/** @typedef {import("../types.js").Answer} Answer */
/** @typedef {import("../types.js").Context} Context */
/** @typedef {import("../types.js").Neighbor} Neighbor */
/** @typedef {import("../taste/taste.js").Taste} Taste */

const PAUSE = 60; // milliseconds of a slider at rest

/** @type {import("../types.js").View} */
export const view = {
  title: "Taste",
  async show(root, place, context) {
    const desk = new Desk(root, context);
    await desk.open(tasteOf(place.params, context.about));
    return (to) => desk.open(tasteOf(to.params, context.about));
  },
};

/** The taste on one side, the answer on the other. */
class Desk {
  /**
   * @param {HTMLElement} root
   * @param {Context} context
   */
  constructor(root, context) {
    this.context = context;
    /** @type {Taste} */
    this.taste = tasteOf(new URLSearchParams(), context.about);
    /** @type {Map<string, string>} */
    this.names = new Map();
    this.turn = 0;
    this.controls = h("section", { class: "card stack wide-gap", "aria-label": "The taste" });
    this.answers = h("section", { class: "card stack taste-answer", "aria-label": "The answer" });
    this.ask = debounced(() => void this.load(), PAUSE);
    this.filter = filterField({ about: context.about, value: "", onchange: (filter) => this.change({ filter }) });
    root.replaceChildren(h("h1", { class: "unseen" }, "Taste"), h("div", { class: "desk" }, this.controls, this.answers));
  }

  /** @param {Taste} taste */
  async open(taste) {
    this.taste = taste;
    this.filter.set(taste.filter);
    await this.learnNames();
    this.draw();
    await this.load();
  }

  /** @param {Partial<Taste>} change */
  change(change) {
    Object.assign(this.taste, change);
    void this.learnNames().then(() => {
      this.draw();
      this.ask();
    });
  }

  /** The titles of items that are not known by name yet. */
  async learnNames() {
    const ids = [...this.taste.likes, ...this.taste.dislikes].map((part) => part.id).filter((id) => !this.names.has(id));
    if (!ids.length) return;
    const { items } = await this.context.api.get("explore/items", { id: ids }, this.context.signal);
    for (const id of ids) this.names.set(id, `${id} (unknown)`);
    for (const item of items) this.names.set(item.item_id, nameOf(item));
  }

  /** @param {string} id */
  name(id) {
    return this.names.get(id) ?? id;
  }

  draw() {
    const { taste, context } = this;
    const focus = document.activeElement?.getAttribute("aria-label");
    const common = { name: (/** @type {string} */ id) => this.name(id), api: context.api, onweigh: () => this.ask() };
    this.controls.replaceChildren(
      partList({ ...common, title: "Liked", parts: taste.likes, firstColor: 0, onchange: (likes) => this.change({ likes }) }),
      partList({ ...common, title: "Disliked", parts: taste.dislikes, firstColor: taste.likes.length,
        onchange: (dislikes) => this.change({ dislikes }) }),
      h("div", { class: "options-of-taste" }, options(taste, context.about, () => { this.draw(); this.ask(); })),
      this.filter.element);
    if (focus) /** @type {HTMLElement | null} */ (this.controls.querySelector(`[aria-label="${CSS.escape(focus)}"]`))?.focus();
  }

  async load() {
    const { taste, context } = this;
    note(addressOf(taste));
    const turn = ++this.turn;
    if (!taste.likes.length && !taste.dislikes.length) {
      this.answers.replaceChildren(...this.beginning());
      return;
    }
    const body = bodyOf(taste);
    try {
      const asked = { ...body, explain: true, include: ["title", "metadata"] };
      /** @type {Answer} */
      const answer = await context.api.send("POST", "recommend", asked, context.signal);
      if (turn !== this.turn) return;
      this.filter.fault(null);
      this.answers.replaceChildren(...this.answered(answer, body));
    } catch (error) {
      if (context.signal.aborted || turn !== this.turn) return;
      if (error instanceof Problem && error.status === 422 && taste.filter) this.fault(error.message);
      else this.answers.replaceChildren(problemBox(error, () => void this.load()));
    }
  }

  /**
   * Says what is wrong with the condition; the answer to the one before stays.
   * @param {string} why
   */
  fault(why) {
    this.filter.fault(why);
    if (!this.answers.hasChildNodes()) this.answers.replaceChildren(h("p", { class: "empty" }, "The condition cannot be read: mend it, or empty it."));
  }

  /**
   * @param {Answer} answer
   * @param {Record<string, any>} body
   * @returns {Node[]}
   */
  answered(answer, body) {
    const { taste, context } = this;
    const order = [...taste.likes, ...taste.dislikes].map((part) => part.id);
    const bar = contributionBars(answer.items, order, (id) => this.name(id));
    const lengths = LENGTHS.filter((k) => k <= context.about.max_k).map((k) => h("button", {
      "aria-pressed": String(k === taste.k), "aria-label": `Show ${k} items`, onclick: () => { taste.k = k; void this.load(); } }, k));
    const list = itemList(answer, {
      actions: (item) => this.verdicts(item),
      more: (item) => h("div", { class: "why" }, bar(item), voiceList(item.voices)),
    });
    return [
      h("div", { class: "row spread" }, h("h2", {}, answer.relation === "next" ? "What comes next" : "What suits it"),
        h("span", { class: "row" }, h("span", { class: "segments" }, lengths), csvButton("taste", () => answer.items))),
      ...remarks(answer, (id) => this.name(id)).map((text) => h("p", { class: "remark" }, text)),
      answer.items.length ? list : h("p", { class: "empty" }, "Nothing that the rules allow. Make the condition wider, or ask for rarer items."),
      this.whyNot(body),
      requestLines({ method: "POST", url: context.api.address("recommend"), body, hasKey: Boolean(context.api.key) }),
    ];
  }

  /** @param {Neighbor} item */
  verdicts(item) {
    /** @param {"likes" | "dislikes"} list @param {string} sign @param {string} what */
    const button = (list, sign, what) => h("button", { class: "small", title: what, "aria-label": `${what} ${nameOf(item)}`, onclick: () =>
      this.change({ [list]: [...this.taste[list], { id: item.item_id, weight: 1 }] }) }, sign);
    return [button("likes", "+", "Like"), button("dislikes", "−", "Dislike")];
  }

  /**
   * Asks why an item is not, or is, in the answer.
   * @param {Record<string, any>} body
   */
  whyNot(body) {
    const { context } = this;
    const result = h("div", { "aria-live": "polite" });
    const { element } = searchField({ api: context.api, label: "Why not …?", placeholder: "An item you miss", isLabelled: true, onpick: async (item) => {
      try {
        const found = await context.api.send("POST", "explain", { ...body, item: item.item_id }, context.signal);
        const order = [...this.taste.likes, ...this.taste.dislikes].map((part) => part.id);
        const bar = contributionBars([found], order, (id) => this.name(id));
        result.replaceChildren(h("p", {}, reason(found, body)), bar(found) ?? "", voiceList(found.voices) ?? "");
      } catch (error) {
        result.replaceChildren(problemBox(error));
      }
    } });
    return h("div", { class: "stack why-not" }, element, result);
  }

  beginning() {
    const { about } = this.context;
    return [
      h("h2", {}, "Add what somebody likes"),
      h("p", { class: "lead" }, "A taste is the weighted mean of liked items, less that of disliked ones. The answer changes as you move a slider, "
        + "and each one says what every item adds to its score."),
      h("ul", { class: "chips", "aria-label": "Items to begin with" }, about.examples.map((item) =>
        h("li", {}, h("button", { class: "chip", onclick: () => this.change({ likes: [...this.taste.likes, { id: item.item_id, weight: 1 }] }) },
          nameOf(item))))),
    ];
  }
}

/**
 * What the answer lacks, in sentences.
 * @param {Answer} answer
 * @param {(id: string) => string} name
 */
function remarks(answer, name) {
  const found = [];
  if (answer.fallback_used) found.push("None of the liked items is known: these are the most popular items.");
  if (answer.unknown_items?.length) found.push(`The model does not know ${answer.unknown_items.join(", ")}.`);
  if (answer.ignored_items?.length) found.push(`Too far back to have a vote: ${answer.ignored_items.map(name).join(", ")}.`);
  return found;
}

/**
 * Why an item is at its rank, as a sentence.
 * @param {any} found
 * @param {Record<string, any>} body
 */
function reason(found, body) {
  const name = nameOf(found);
  if (found.rank === null) return `${name} cannot be in the answer${found.removed_by ? `: ${found.removed_by}` : ""}.`;
  const kind = body.relation === "next" ? "probability" : "cosine";
  const place = `${name} is number ${found.rank.toLocaleString("en")}, with ${scoreText(found.score ?? 0, kind)}`;
  return found.removed_by ? `${place}, but the rule “${found.removed_by}” keeps it out.` : `${place}.`;
}
