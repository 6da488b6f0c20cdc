/** Starts the page, and shows the view that its address names. */

import { Api, unreachable } from "./api.js";
import { announce, h } from "./dom.js";
import { keyboard } from "./keyboard.js";
import { askForKey } from "./key.js";
import { address, go, placeOf } from "./place.js";
import { isPassing, problemBox } from "./problem.js";
import { keepScroll, scrollBefore } from "./scroll.js";
import { searchField } from "./search.js";
import { applyTheme, themeButton } from "./theme.js";
import { Tour, wasToured } from "./tour.js";

/** @typedef {import("./types.js").About} About */
/** @typedef {import("./types.js").Place} Place */
/** @typedef {import("./types.js").View} View */

const VIEWS = ["search", "item", "taste", "session", "analogy", "map", "models"];
/** The entry of the menu that a view belongs to. */
const ENTRIES = { item: "search" };
const PATIENCE = 4000; // milliseconds until a service that could not answer is asked again

const main = part("main");
const api = new Api(new URL(".", location.href), askForKey);
/** @type {About | null} */
let about = null;
/** @type {Promise<About> | null} */
let learning = null;
let shown = "";
let leaving = new AbortController();
/** @type {void | ((place: Place) => void | Promise<void>)} */
let update;
let waiting = 0;
let failures = 0; // of fetching a view
let turns = 0;

async function show() {
  clearTimeout(waiting);
  const place = placeOf(location.hash);
  if (!VIEWS.includes(place.view)) place.view = "search";
  const before = scrollBefore();
  const isFirst = about === null;
  const turn = ++turns;
  main.setAttribute("aria-busy", "true");
  markEntry(place.view);
  try {
    if (place.view === shown && update) await update(place);
    else await open(place);
  } catch (error) {
    if (error instanceof DOMException && error.name === "AbortError") return;
    fail(error);
  } finally {
    if (turn === turns) main.removeAttribute("aria-busy");
  }
  arrive(before, isFirst);
  if (isFirst && isStart(place) && !wasToured() && document.activeElement === document.body) tour.start();
}

/**
 * Whether it is where one begins, and could be shown.
 * @param {Place} place
 */
function isStart(place) {
  return shown === "search" && !place.params.get("q");
}

/** @param {Place} place */
async function open(place) {
  leaving.abort();
  leaving = new AbortController();
  const { signal } = leaving;
  const [{ view }, known] = await Promise.all([moduleOf(place.view), learn()]);
  signal.throwIfAborted();
  shown = place.view;
  update = undefined;
  main.className = "";
  document.title = `${view.title} · item2vec`;
  const next = await view.show(main, place, { api, about: known, signal });
  if (!signal.aborted) update = next;
}

/**
 * The module of a view. A browser may keep in mind that it could not be fetched, so another try has another address.
 * @param {string} name
 * @returns {Promise<{view: View}>}
 */
async function moduleOf(name) {
  try {
    return await import(`./views/${name}.js${failures ? `?again=${failures}` : ""}`);
  } catch {
    failures++;
    throw unreachable();
  }
}

/** What the page needs to know of the service, once. */
async function learn() {
  if (about) return about;
  learning ??= api.get("explore/about").finally(() => { learning = null; });
  const learned = await learning;
  if (about === null && learned.models.length > 1) part("tools").prepend(modelSwitch(learned.models));
  about = learned;
  return learned;
}

/** @param {unknown} error */
function fail(error) {
  if (isPassing(error)) waiting = window.setTimeout(show, PATIENCE);
  const box = problemBox(error, show, isPassing(error));
  shown = "";
  main.className = "";
  document.title = "item2vec explorer";
  // The same once more would be read out once more.
  if (main.textContent !== box.textContent) main.replaceChildren(box);
}

/**
 * Scrolls to where a place was left, and takes the keyboard along.
 * @param {number | null} before
 * @param {boolean} isFirst
 */
function arrive(before, isFirst) {
  if (before === null && isFirst) return;
  scrollTo(0, before ?? 0);
  const focus = document.activeElement;
  if (isFirst || (focus && main.contains(focus))) return;
  main.focus({ preventScroll: true });
  announce(document.title);
}

/** @param {string} view */
function markEntry(view) {
  const entry = ENTRIES[/** @type {keyof typeof ENTRIES} */ (view)] ?? view;
  for (const link of document.querySelectorAll("nav.views a")) {
    if (link.getAttribute("data-view") === entry) link.setAttribute("aria-current", "page");
    else link.removeAttribute("aria-current");
  }
}

/**
 * Says that the service has taken up another version, once.
 * @param {string} version
 */
function noteVersion(version) {
  const notice = part("notice");
  if (!about || version === about.model_version || !notice.hidden) return;
  notice.replaceChildren(
    h("span", {}, `The service now answers from version ${version}; what you see is of ${about.model_version}.`),
    h("button", { class: "small", onclick: () => location.reload() }, "Show the new one"));
  notice.hidden = false;
}

/**
 * Goes from one model of the service to another: their pages lie side by side.
 * @param {string[]} models
 */
function modelSwitch(models) {
  const current = api.base.pathname.split("/").at(-2);
  const open = (/** @type {Event} */ event) => {
    const name = /** @type {HTMLSelectElement} */ (event.target).value;
    location.href = new URL(`../${encodeURIComponent(name)}/explore`, location.href).href;
  };
  return h("select", { class: "models", "aria-label": "Model", onchange: open }, models.map((name) =>
    h("option", { value: name, selected: encodeURIComponent(name) === current }, name)));
}

function addTools() {
  const field = searchField({
    api, label: "Find items", placeholder: matchMedia("(pointer: coarse)").matches ? "Find items" : "Find items   ( / )",
    onpick: (item) => go(address("item", item.item_id)),
    onenter: (query) => go(address("search", "", { q: query })),
  });
  part("find").append(field.element);
  const help = keyboard(field.input, api, () => tour.start());
  part("tools").append(help, themeButton());
  document.querySelector(".skip")?.addEventListener("click", (event) => {
    event.preventDefault(); // the address names a view
    main.focus();
  });
}

/** @param {string} id */
function part(id) {
  return /** @type {HTMLElement} */ (document.getElementById(id));
}

const tour = new Tour();
applyTheme();
keepScroll();
api.onversion = noteVersion;
addTools();
addEventListener("hashchange", show);
await show();
