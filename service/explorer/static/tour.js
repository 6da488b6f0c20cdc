/** A tour of the page for the first visit; it can be left at any time. */

import { h } from "./dom.js";

const KEY = "item2vec-tour";
const GAP = 12; // pixels between what is shown and what is said of it

/** What is pointed at, and what is said of it. A step whose target is not there is left out. */
const STEPS = [
  [".brand", "A look into your model",
    "Everything here is asked of the running service, the same way your programs ask it. Nothing is changed by looking."],
  ["#find", "Find any item",
    "Type a part of a title or an id. The arrow keys choose, Enter opens. The key / brings you here from anywhere."],
  [".board, .items", "Open one",
    "An item shows what is similar, what comes next, and its vector as a strip of colors, so that you see why."],
  ["[data-view=taste]", "Try a taste",
    "Like some items, dislike others, weigh them. The answer changes as you do, and each answer says what it owes to which item. "
    + "Session does the same for what comes next."],
  ["[data-view=map]", "See all of it", "The map shows every item at once. What is similar lies close together."],
  ["[data-view=models]", "Compare the nights",
    "Every version, how good it was, and what would change if another one answered."],
  ["#help", "Whenever you need it",
    "The keys, this tour, and the address of every request. Each list also has the curl and Python lines that give the same answer."],
];

/** Whether the tour was seen, or left, before. */
export function wasToured() {
  return localStorage.getItem(KEY) !== null;
}

/** Points at one part of the page after another. Nothing is locked meanwhile. */
export class Tour {
  constructor() {
    this._ring = h("div", { class: "tour-ring", "aria-hidden": "true" });
    this._box = h("div", { class: "tour card", role: "dialog", "aria-labelledby": "tour-title", "aria-describedby": "tour-text", tabindex: "-1" });
    this._place = 0;
    /** @type {{target: Element, title: string, text: string}[]} */
    this._steps = [];
    /** @type {AbortController | null} */
    this._left = null;
  }

  /** Starts with the first step, or again. */
  start() {
    this.leave();
    this._steps = STEPS.flatMap(([selector, title, text]) => {
      const target = document.querySelector(selector);
      return target?.getClientRects().length ? [{ target, title, text }] : [];
    });
    this._before = document.activeElement;
    this._left = new AbortController();
    const { signal } = this._left;
    addEventListener("keydown", (event) => this._press(event), { signal, capture: true });
    for (const event of ["resize", "scroll"]) addEventListener(event, () => this._put(), { signal, passive: true });
    addEventListener("hashchange", () => this.leave(), { signal });
    document.body.append(this._ring, this._box);
    this._show(0);
  }

  /** Ends it, and remembers that it was seen. */
  leave() {
    if (!this._left) return;
    this._left.abort();
    this._left = null;
    localStorage.setItem(KEY, "seen");
    const hadFocus = this._box.contains(document.activeElement);
    this._ring.remove();
    this._box.remove();
    if (hadFocus && this._before instanceof HTMLElement) this._before.focus({ preventScroll: true });
  }

  /** @param {KeyboardEvent} event */
  _press(event) {
    if (event.key === "Escape") this.leave();
    else if (!this._box.contains(/** @type {Node} */ (event.target))) return;
    else if (event.key === "ArrowRight") this._show(this._place + 1);
    else if (event.key === "ArrowLeft") this._show(this._place - 1);
    else return;
    event.preventDefault();
    event.stopPropagation();
  }

  /** @param {number} place */
  _show(place) {
    if (place < 0) return;
    const step = this._steps[place];
    if (!step) return this.leave();
    this._place = place;
    const isLast = place === this._steps.length - 1;
    this._box.replaceChildren(
      h("div", { class: "row spread" },
        h("h2", { id: "tour-title" }, step.title),
        h("button", { class: "icon", "aria-label": "Leave the tour", onclick: () => this.leave() }, "×")),
      h("p", { id: "tour-text" }, step.text),
      h("div", { class: "row spread" },
        h("span", { class: "soft" }, `${place + 1} of ${this._steps.length}`),
        h("span", { class: "row" },
          place > 0 && h("button", { onclick: () => this._show(place - 1) }, "Back"),
          h("button", { class: "main", onclick: () => this._show(place + 1) }, isLast ? "Done" : "Next"))));
    step.target.scrollIntoView({ block: "nearest" });
    this._put();
    this._box.focus({ preventScroll: true });
  }

  /** Puts the ring around the target, and the box where there is room for it. */
  _put() {
    const step = this._steps[this._place];
    if (!step) return;
    const at = step.target.getBoundingClientRect();
    put(this._ring, at.left - 4, at.top - 4);
    this._ring.style.setProperty("width", `${at.width + 8}px`);
    this._ring.style.setProperty("height", `${at.height + 8}px`);
    const { width, height } = this._box.getBoundingClientRect();
    const isBelow = at.bottom + GAP + height < innerHeight;
    const top = isBelow ? at.bottom + GAP : Math.max(GAP, at.top - GAP - height);
    put(this._box, Math.min(Math.max(GAP, at.left), innerWidth - width - GAP), top);
  }
}

/**
 * @param {HTMLElement} element
 * @param {number} left
 * @param {number} top
 */
function put(element, left, top) {
  element.style.setProperty("left", `${left}px`);
  element.style.setProperty("top", `${top}px`);
}
