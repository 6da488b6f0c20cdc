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
 * @param {number} [most] how many at most; the others are told where the pointer rests
 * @returns {HTMLElement | null}
 */
export function factList(facts, most = Infinity) {
  const known = Object.entries(facts).map(([name, value]) => [name, factText(value)]).filter(([, text]) => text);
  if (!known.length) return null;
  const rest = known.slice(most).map(([name, text]) => `${name} ${text}`).join("\n");
  return h("dl", { class: "facts", title: rest || null },
    known.slice(0, most).map(([name, text]) => h("div", {}, h("dt", {}, name), h("dd", {}, text))));
}
