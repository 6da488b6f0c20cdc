/** Starts the page, and shows the view that its address names. */

import { Api } from "./api.js";
import { h } from "./dom.js";
import { askForKey } from "./key.js";
import { address, go, placeOf } from "./place.js";
import { problemBox } from "./problem.js";
import { searchField } from "./search.js";
import { applyTheme, themeButton } from "./theme.js";

/** @typedef {import("./types.js").About} About */
/** @typedef {import("./types.js").Place} Place */
/** @typedef {import("./types.js").View} View */

/** @type {Record<string, () => Promise<{view: View}>>} */
const VIEWS = {
  search: () => import("./views/search.js"),
  item: () => import("./views/item.js"),
  taste: () => import("./views/taste.js"),
  session: () => import("./views/session.js"),
  analogy: () => import("./views/analogy.js"),
  map: () => import("./views/map.js"),
  models: () => import("./views/models.js"),
};
/** The entry of the menu that a view belongs to. */
const ENTRIES = { item: "search" };

const main = /** @type {HTMLElement} */ (document.getElementById("main"));
const api = new Api(new URL(".", location.href), askForKey);
/** @type {About | null} */
let about = null;
let shown = "";
let leaving = new AbortController();
/** @type {void | ((place: Place) => void | Promise<void>)} */
let update;

async function show() {
  if (location.hash === "#main") return;
  const place = placeOf(location.hash);
  if (!(place.view in VIEWS)) place.view = "search";
  markEntry(place.view);
  try {
    about ??= await api.get("explore/about");
    if (place.view === shown && update) await update(place);
    else await open(place, /** @type {About} */ (about));
  } catch (error) {
    if (leaving.signal.aborted && error instanceof DOMException) return;
    shown = "";
    main.className = "";
    main.replaceChildren(problemBox(error, show));
  }
}

/**
 * @param {Place} place
 * @param {About} about
 */
async function open(place, about) {
  leaving.abort();
  leaving = new AbortController();
  const { signal } = leaving;
  const { view } = await VIEWS[place.view]();
  if (signal.aborted) return;
  shown = place.view;
  update = undefined;
  main.className = "";
  document.title = `${view.title} · item2vec`;
  if (shown !== "") scrollTo(0, 0);
  update = await view.show(main, place, { api, about, signal });
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
  if (!about || version === about.model_version) return;
  const notice = /** @type {HTMLElement} */ (document.getElementById("notice"));
  notice.replaceChildren(
    h("span", {}, `The service now answers from version ${version}.`),
    h("button", { class: "small", onclick: () => location.reload() }, "Show it"));
  notice.hidden = false;
}

function addTools() {
  const field = searchField({
    api, label: "Find items", placeholder: "Find items   ( / )",
    onpick: (item) => go(address("item", item.item_id)),
    onenter: (query) => go(address("search", "", { q: query })),
  });
  document.getElementById("find")?.append(field.element);
  document.getElementById("tools")?.append(themeButton());
  addEventListener("keydown", (event) => {
    const target = /** @type {HTMLElement} */ (event.target);
    if (event.key !== "/" || event.ctrlKey || event.metaKey || target.matches("input, textarea, select")) return;
    event.preventDefault();
    field.input.focus();
  });
}

applyTheme();
api.onversion = noteVersion;
addTools();
addEventListener("hashchange", show);
await show();
