/** All versions of the model, the newest first. */

import { h } from "../dom.js";
import { address } from "../place.js";
import { sentence } from "../problem.js";

/**
 * @typedef {object} Version
 * @property {string} model_version
 * @property {string | null} created
 * @property {boolean} is_current
 * @property {boolean} is_served
 * @property {boolean} was_published
 * @property {"passed" | "refused" | "forced" | null} outcome
 * @property {string | null} verdict
 * @property {number | null} items
 * @property {number | null} sessions
 * @property {number} size_bytes
 * @property {boolean} has_report
 * @property {string | null} damaged
 */

const COLLAPSED = 8; // versions that are shown at first

/**
 * @param {Version[]} versions
 * @param {string} chosen
 * @param {string | null} item that versions are compared for
 */
export function versionList(versions, chosen, item) {
  const lines = versions.map((one) => line(one, one.model_version === chosen, item));
  const list = h("ul", { class: "versions" }, lines.slice(0, COLLAPSED));
  const rest = lines.slice(COLLAPSED);
  const more = rest.length > 0 && h("button", { onclick: () => {
    list.append(...rest);
    if (more) more.remove();
  } }, `Show ${rest.length} more`);
  return h("section", { class: "card stack", "aria-labelledby": "versions" }, h("h2", { id: "versions" }, "Versions"), list, more);
}

/** @param {Version} one @param {boolean} isChosen @param {string | null} item */
function line(one, isChosen, item) {
  const facts = [time(one.created), one.items !== null && `${one.items.toLocaleString("en")} items`,
    one.sessions !== null && `${one.sessions.toLocaleString("en")} sessions`, size(one.size_bytes)].filter(Boolean);
  return h("li", { class: isChosen ? "chosen" : null },
    h("a", { class: "title", href: address("models", "", { a: one.model_version, item }), "aria-current": isChosen ? "true" : null }, one.model_version),
    h("span", { class: "row" }, badges(one)),
    h("span", { class: "soft" }, facts.join(" · ")),
    one.damaged ? h("span", { class: "bad" }, one.damaged) : one.verdict && h("span", { class: "soft verdict-line" }, sentence(one.verdict)));
}

/** @param {Version} one */
export function badges(one) {
  return [
    one.is_current && h("span", { class: "badge good" }, "current"),
    one.is_served && !one.is_current && h("span", { class: "badge" }, "served here"),
    one.outcome === "refused" && h("span", { class: "badge bad" }, "refused"),
    one.outcome === "forced" && h("span", { class: "badge" }, "forced"),
    one.damaged && h("span", { class: "badge bad" }, "damaged"),
    !one.damaged && !one.was_published && one.outcome !== "refused" && h("span", { class: "badge" }, "not published"),
  ].filter((badge) => badge instanceof Node);
}

/** @param {string | null} created */
export function time(created) {
  return created && created.slice(0, 16).replace("T", " ");
}

/** @param {number} bytes */
function size(bytes) {
  return bytes < 1e9 ? `${(bytes / 1e6).toFixed(1)} MB` : `${(bytes / 1e9).toFixed(1)} GB`;
}
