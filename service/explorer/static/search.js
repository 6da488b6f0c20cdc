/** A field that finds items as one types: a combobox with its list, by arrow keys or pointer. */

import { debounced, h, nameOf } from "./dom.js";

/** @typedef {import("./types.js").Item} Item */

const SHOWN = 12;
const PAUSE = 90; // milliseconds without a key before the service is asked
let fields = 0;

/**
 * A search field.
 * @param {object} options
 * @param {import("./api.js").Api} options.api
 * @param {string} options.label what it is for; shown if `isLabelled`
 * @param {string} [options.placeholder]
 * @param {boolean} [options.isLabelled]
 * @param {(item: Item) => void} options.onpick
 * @param {(query: string) => void} [options.onenter] Enter without a choice; the first item otherwise
 * @returns {{element: HTMLElement, input: HTMLInputElement}}
 */
export function searchField({ api, label, placeholder = "Title or id", isLabelled, onpick, onenter }) {
  const id = `search-${++fields}`;
  const list = h("ul", { id: `${id}-list`, role: "listbox", "aria-label": label, hidden: true });
  const input = h("input", {
    id, type: "search", placeholder, role: "combobox", autocomplete: "off", spellcheck: "false",
    "aria-label": isLabelled ? null : label, "aria-expanded": "false", "aria-controls": list.id,
    "aria-autocomplete": "list",
  });
  /** @type {Item[]} */
  let items = [];
  let chosen = -1;
  let asked = "";
  let abort = new AbortController();

  /** @param {boolean} isOpen */
  const open = (isOpen) => {
    list.hidden = !isOpen;
    input.setAttribute("aria-expanded", String(isOpen));
    if (!isOpen) choose(-1);
  };
  /** @param {number} place */
  const choose = (place) => {
    chosen = place;
    for (const [number, option] of [...list.children].entries()) {
      option.setAttribute("aria-selected", String(number === place));
      if (number === place) option.scrollIntoView({ block: "nearest" });
    }
    if (place >= 0) input.setAttribute("aria-activedescendant", `${id}-${place}`);
    else input.removeAttribute("aria-activedescendant");
  };
  /** @param {Item} item */
  const pick = (item) => {
    abort.abort();
    input.value = "";
    asked = "";
    items = [];
    open(false);
    onpick(item);
  };
  const fill = () => {
    const options = items.map((item, number) =>
      h("li", {
        id: `${id}-${number}`, role: "option", "aria-selected": "false",
        onpointerdown: (/** @type {Event} */ event) => { event.preventDefault(); pick(item); },
      }, h("span", {}, nameOf(item)), h("span", { class: "id" }, item.trained ? item.item_id : `${item.item_id} · untrained`)));
    const nothing = h("li", { class: "none", role: "option", "aria-disabled": "true", "aria-selected": "false" },
      `Nothing is called “${asked}”.`);
    list.replaceChildren(...(options.length ? options : [nothing]));
    open(true);
  };
  const ask = async () => {
    const query = input.value.trim();
    if (query === asked) return;
    asked = query;
    abort.abort();
    abort = new AbortController();
    if (!query) {
      items = [];
      open(false);
      return;
    }
    try {
      const answer = await api.get("items", { q: query, k: SHOWN }, abort.signal);
      items = answer.items;
      fill();
    } catch (error) {
      if (!abort.signal.aborted) open(false);
    }
  };
  const enter = async () => {
    if (chosen >= 0 && items[chosen]) pick(items[chosen]);
    else if (onenter && input.value.trim()) {
      abort.abort();
      asked = input.value.trim(); // what was typed last opens no list any more
      open(false);
      onenter(input.value.trim());
    } else {
      await ask();
      if (items[0]) pick(items[0]);
    }
  };
  input.addEventListener("input", debounced(ask, PAUSE));
  input.addEventListener("blur", () => open(false));
  input.addEventListener("focus", () => { if (items.length) fill(); });
  input.addEventListener("keydown", (event) => {
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (step && items.length) {
      if (list.hidden) fill();
      choose((chosen + step + items.length) % items.length);
    } else if (event.key === "Enter") void enter();
    else if (event.key === "Escape" && !list.hidden) open(false);
    else return;
    event.preventDefault();
  });
  const element = h("div", { class: "field" }, isLabelled && h("label", { for: id }, label),
    h("div", { class: "combo" }, input, list));
  return { element, input };
}
