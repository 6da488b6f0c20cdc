/** What went wrong, and what to do about it. */

import { Problem } from "./api.js";
import { h } from "./dom.js";

/** @type {Record<number, string>} */
const REMEDIES = {
  0: "Start it with `item2vec serve`.",
  401: "Ask whoever runs the service for a key, then try again.",
  404: "Look for it by the search field above.",
  409: "Train with `next.continuations` above 0.",
  503: "If no model is published yet, run `item2vec retrain`.",
};

/**
 * A box that says what is wrong.
 * @param {unknown} error
 * @param {() => void} [again]
 * @param {boolean} [isRetried] whether it is tried again without a button
 * @returns {HTMLElement}
 */
export function problemBox(error, again, isRetried) {
  const problem = error instanceof Problem ? error : new Problem(-1, "The page has failed", String(error));
  const remedy = REMEDIES[problem.status];
  return h("div", { class: "card" }, h("div", { class: "problem", role: "alert" },
    h("h2", {}, problem.title), h("p", {}, sentence(problem.message)),
    remedy && h("p", { class: "soft" }, withCode(remedy), isRetried && " This page tries again by itself."),
    again && h("button", { onclick: again }, "Try again")));
}

/**
 * Whether the same request may succeed in a moment, without anything being done on this page.
 * @param {unknown} error
 */
export function isPassing(error) {
  return error instanceof Problem && (error.status === 0 || error.status === 503);
}

/**
 * What the service says, as a sentence.
 * @param {string} text
 */
export function sentence(text) {
  const whole = text.charAt(0).toUpperCase() + text.slice(1);
  return /[.!?]$/.test(whole) ? whole : `${whole}.`;
}

/**
 * A text whose parts in backticks are code.
 * @param {string} text
 */
export function withCode(text) {
  return text.split("`").map((part, place) => place % 2 ? h("code", {}, part) : part);
}
