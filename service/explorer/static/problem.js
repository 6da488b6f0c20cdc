/** What went wrong, and what to do about it. */

import { Problem } from "./api.js";
import { h } from "./dom.js";

/** @type {Record<number, string>} */
const REMEDIES = {
  0: "Start it with `item2vec serve`, then try again.",
  404: "Look for it by the search field above.",
  409: "Train with `next` switched on: `next.continuations` is above 0.",
  503: "If no model is published yet, run `item2vec retrain`; otherwise try again in a moment.",
};

/**
 * A box that says what is wrong.
 * @param {unknown} error
 * @param {() => void} [again]
 * @returns {HTMLElement}
 */
export function problemBox(error, again) {
  const problem = error instanceof Problem ? error : new Problem(-1, "The page has failed", String(error));
  return h("div", { class: "card" }, h("div", { class: "problem", role: "alert" },
    h("h2", {}, problem.title), h("p", {}, problem.message),
    REMEDIES[problem.status] && h("p", { class: "soft" }, REMEDIES[problem.status]),
    again && h("button", { onclick: again }, "Try again")));
}
