/** The nights as a chart, what is said of the one that is pointed at, and all of them as a table. */

import { nightsChart, sentence } from "../charts/nights.js";
import { fitted } from "../charts/scale.js";
import { h } from "../dom.js";
import { address } from "../place.js";
import { withCode } from "../problem.js";

/** @typedef {import("../charts/nights.js").Night} Night */

/**
 * @param {Night[]} nights
 * @param {Set<string>} known versions that are still there
 */
export function nightsCard(nights, known) {
  const heading = h("h2", { id: "nights" }, "Night after night");
  if (!nights.length) {
    return h("section", { class: "card stack", "aria-labelledby": "nights" }, heading,
      h("p", { class: "empty" }, h("span", {}, withCode("No night has run yet: `item2vec retrain` is the nightly job. Each of its runs is noted here."))));
  }
  const names = [...new Set(nights.flatMap((night) => Object.keys(night.figures)))];
  let name = names.find((one) => one.startsWith("next")) ?? names[0] ?? "";
  const said = h("p", { class: "night-said", "aria-live": "polite" });
  const chart = h("div", {});
  const all = h("details", {}, h("summary", {}, nights.length === 1 ? "As a table" : `All ${nights.length} nights as a table`));
  /** @param {Night} night */
  const point = (night) => said.replaceChildren(sentence(night, night.figures[name]), " ", versionLink(night, known, "Show this version") || "");
  const draw = (/** @type {number} */ width) => nightsChart(nights, name, width, point);
  const buttons = names.map((one) => h("button", { onclick: () => {
    name = one;
    press();
    chart.replaceChildren(draw(chart.clientWidth));
  } }, one));
  const press = () => {
    buttons.forEach((button) => button.setAttribute("aria-pressed", String(button.textContent === name)));
    all.replaceChildren(all.children[0], table(nights, name, known));
  };
  press();
  point(nights[nights.length - 1]);
  return h("section", { class: "card stack", "aria-labelledby": "nights" },
    h("div", { class: "row spread" }, heading, buttons.length > 1 && h("span", { class: "segments wrap" }, buttons)),
    fitted(chart, draw), said,
    h("p", { class: "soft key-of-nights" }, h("span", { class: "night published" }, "● published"), h("span", { class: "night refused" }, "▲ refused"),
      h("span", { class: "night failed" }, "✕ failed"), h("span", {}, "Bars are intervals of 95 %; thin lines are the models beside it.")),
    all);
}

/**
 * @param {Night} night
 * @param {Set<string>} known
 * @param {string} text
 */
function versionLink({ version }, known, text) {
  return version !== null && known.has(version) && h("a", { href: address("models", "", { a: version }) }, text);
}

/** @param {Night[]} nights @param {string} name @param {Set<string>} known */
function table(nights, name, known) {
  return h("div", { class: "scroll nights-scroll", tabindex: "0", role: "region", "aria-label": "All nights" }, h("table", { class: "figures nights-table" },
    h("thead", {}, h("tr", {}, ["Started", "Outcome", nights.findLast((night) => night.figures[name])?.figures[name].metric ?? "Figure", "Version", "Why"]
      .map((title) => h("th", { scope: "col" }, title)))),
    h("tbody", {}, [...nights].reverse().map((night) => h("tr", {},
      h("td", {}, night.started.slice(0, 16).replace("T", " ")), h("td", {}, night.outcome), h("td", {}, night.figures[name]?.value.toFixed(4) ?? "–"),
      h("td", {}, versionLink(night, known, night.version ?? "") || night.version), h("td", {}, night.why))))));
}
