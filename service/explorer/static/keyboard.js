/** What the keyboard does on every view, and the dialog that says so. */

import { h } from "./dom.js";
import { address, go } from "./place.js";

/** @type {Record<string, [view: string, name: string]>} */
const GO = {
  i: ["search", "items"], t: ["taste", "taste"], s: ["session", "session"],
  a: ["analogy", "analogy"], m: ["map", "the map"], v: ["models", "models and versions"],
};
const PAUSE = 1200; // milliseconds in which the second key of two must follow

/**
 * Listens to keys.
 * @param {HTMLInputElement} field where one searches
 * @param {import("./api.js").Api} api
 * @param {() => void} startTour
 * @returns {HTMLElement} the button that shows the keys
 */
export function keyboard(field, api, startTour) {
  const help = () => showHelp(api, startTour);
  let wentAt = -Infinity;
  addEventListener("keydown", (event) => {
    if (event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey || document.querySelector("dialog[open]")) return;
    const target = /** @type {HTMLElement} */ (event.target);
    if (moveInList(event, target)) return;
    if (target.matches("input:not([type=range], [type=checkbox], [type=radio]), textarea, select")) return;
    const isSecond = event.timeStamp - wentAt < PAUSE;
    wentAt = event.key === "g" && !isSecond ? event.timeStamp : -Infinity;
    if (isSecond && GO[event.key]) go(address(GO[event.key][0]));
    else if (event.key === "/") field.focus();
    else if (event.key === "?") help();
    else return;
    event.preventDefault();
  });
  return h("button", { class: "icon", title: "Help and keys ( ? )", "aria-label": "Help and keys", id: "help", onclick: help }, "?");
}

/**
 * From an item of a list to the next by arrow keys.
 * @param {KeyboardEvent} event
 * @param {HTMLElement} target
 */
function moveInList(event, target) {
  const list = target.matches("input, select") ? null : target.closest(".items");
  if (!list) return false;
  const links = [...list.querySelectorAll(":scope > li .title")];
  const place = links.findIndex((link) => target.closest("li")?.contains(link));
  const to = { ArrowDown: place + 1, ArrowUp: place - 1, Home: 0, End: links.length - 1 }[event.key];
  if (to === undefined) return false;
  event.preventDefault();
  /** @type {HTMLElement | undefined} */ (links[to])?.focus();
  return true;
}

/**
 * @param {import("./api.js").Api} api
 * @param {() => void} startTour
 */
function showHelp(api, startTour) {
  const close = () => dialog.close();
  const keys = [
    [["/"], "find items"],
    ...Object.entries(GO).map(([key, [, name]]) => [["g", key], `go to ${name}`]),
    [["↑", "↓"], "from item to item in a list, and in what a search finds"],
    [["Enter"], "open the item"],
    [["Esc"], "close a list, a dialog, the tour"],
    [["?"], "these keys"],
  ];
  const dialog = h("dialog", { class: "card help", "aria-labelledby": "help-title", onclose: () => dialog.remove() },
    h("div", { class: "stack" },
      h("div", { class: "row spread" }, h("h2", { id: "help-title" }, "Help and keys"),
        h("button", { class: "icon", "aria-label": "Close", onclick: close }, "×")),
      h("dl", { class: "keys" }, keys.map(([pressed, what]) => h("div", {},
        h("dt", {}, /** @type {string[]} */ (pressed).map((key) => h("kbd", {}, key))), h("dd", {}, /** @type {string} */ (what))))),
      h("div", { class: "row" },
        h("button", { class: "main", onclick: () => { close(); startTour(); } }, "Start the tour"),
        h("a", { class: "button", href: api.address("docs").href }, "Requests and answers"),
        api.key && h("button", { onclick: () => { api.key = null; location.reload(); } }, "Forget the key"))));
  document.body.append(dialog);
  dialog.showModal();
}
