/** What is known of an item beside its title, in few words. */

import { h } from "./dom.js";

/**
 * A value as text; nothing for a missing one.
 * @param {unknown} value
 * @returns {string}
 */
export function factText(value) {
  if (value == null) return "";
  return Array.isArray(value) ? value.join(", ") : String(value);
}

/**
 * Names and values; null if there are none.
 * @param {Record<string, unknown>} facts
 * @returns {HTMLElement | null}
 */
export function factList(facts) {
  const known = Object.entries(facts).map(([name, value]) => [name, factText(value)]).filter(([, text]) => text);
  if (!known.length) return null;
  return h("dl", { class: "facts" }, known.map(([name, text]) => h("div", {}, h("dt", {}, name), h("dd", {}, text))));
}
