/** One version: what the gate found, how it compares with simple models, what it was made from. */

import { fitted } from "../charts/scale.js";
import { intervalChart } from "../charts/intervals.js";
import { h } from "../dom.js";
import { saveBytes } from "../list.js";
import { sentence } from "../problem.js";
import { badges, time } from "./versions.js";

/** @typedef {import("./versions.js").Version} Version */
/** @typedef {{value: number, low: number, high: number}} Estimate */
/** @typedef {{models: Record<string, {estimates: Record<string, Estimate>}>}} Evaluation */
/** @typedef {{name: string, passed: boolean | null, sentence: string}} Check */
/** @typedef {{overlap: number, deviation: number}} Agreement */

const MARKS = { true: ["✓", "passed"], false: ["✗", "failed"], null: ["–", "not made"] };
const READ = /** @type {[string, string][]} */ ([
  ["events_read", "events read"], ["events_kept", "kept"], ["events_filtered", "filtered out"], ["events_without_item", "without an item"],
  ["events_without_session", "without a session"], ["events_without_time", "without a time"], ["events_collapsed", "repeats collapsed"],
  ["events_of_rare_items", "of rare items"], ["events_in_short_sessions", "in short sessions"], ["sessions", "sessions"], ["items", "items"],
]);

/**
 * @param {Version} one
 * @param {any} manifest as `GET /models/{version}` answers
 * @param {object} options
 * @param {import("../types.js").Context} options.context
 * @param {Node | null} options.promote
 */
export function versionCard(one, manifest, { context, promote }) {
  const { api, signal } = context;
  const path = `models/${one.model_version}/report`;
  // A link cannot send a key.
  const report = one.has_report && (api.key
    ? h("button", { onclick: async () => saveBytes(`report-${one.model_version}.html`, await api.bytes(path, {}, signal), "text/html") }, "Save the gate's report")
    : h("a", { class: "button", target: "_blank", rel: "noopener", href: api.address(path).href }, "The gate's report"));
  return h("section", { class: "card stack wide-gap", "aria-labelledby": "version" },
    h("div", { class: "row spread" }, h("h2", { id: "version" }, one.model_version), h("span", { class: "row" }, badges(one), report, promote)),
    manifest.verdict && h("p", { class: `remark ${one.outcome ?? ""}` }, sentence(manifest.verdict)),
    evaluations(manifest),
    h("div", { class: "columns version-parts" }, dataReport(manifest), drift(manifest.drift)),
    checks(manifest.gate));
}

/**
 * The comparisons, each with what the gate says of it; all by the same metric, which can be chosen.
 * @param {any} manifest
 */
function evaluations({ gate, config }) {
  const found = Object.entries(/** @type {Record<string, Evaluation>} */ (gate?.evaluations ?? {}));
  if (!found.length) return h("p", { class: "empty" }, "Not compared: the gate was off, or the model was imported.");
  const metrics = Object.keys(Object.values(found[0][1].models)[0].estimates);
  let metric = metrics.includes(config.gate?.compared_by) ? config.gate.compared_by : metrics[0];
  const charts = h("div", { class: "all-compared" });
  const draw = () => charts.replaceChildren(...found.map(([name, { models }]) => comparison(name, models, metric, gate)));
  draw();
  const buttons = metrics.map((one) => h("button", { "aria-pressed": String(one === metric), onclick: () => {
    metric = one;
    buttons.forEach((button) => button.setAttribute("aria-pressed", String(button.textContent === metric)));
    draw();
  } }, one));
  return h("div", { class: "stack" }, h("div", { class: "row spread" }, h("h3", {}, "Beside other models, on sessions held out"), h("span", { class: "segments" }, buttons)), charts);
}

/**
 * @param {string} name
 * @param {Evaluation["models"]} models
 * @param {string} metric
 * @param {any} gate
 */
function comparison(name, models, metric, gate) {
  const estimates = Object.entries(models).map(([model, { estimates: all }]) => ({ name: model === "candidate" ? "this version" : model, ...all[metric] }));
  const check = gate.checks.find((/** @type {Check} */ one) => one.name === name);
  return h("div", { class: "compared" }, h("h4", {}, capital(name)),
    fitted(h("div", {}), (width) => intervalChart(estimates, `${name}, ${metric}`, width)),
    check && h("ul", { class: "checks" }, checkLine(check, false)));
}

/** @param {any} manifest */
function dataReport({ data, created }) {
  const rows = READ.filter(([name]) => data[name]).map(([name, label]) => h("tr", {}, h("th", { scope: "row" }, label), h("td", {}, data[name].toLocaleString("en"))));
  return h("div", { class: "stack" }, h("h3", {}, "What it was made from"),
    rows.length ? h("table", { class: "figures" }, h("tbody", {}, rows)) : h("p", { class: "soft" }, "No log: it was imported."),
    h("p", { class: "soft" }, [data.first_event && `Events from ${time(data.first_event)} to ${time(data.last_event)}.`, `Made ${time(created)} UTC.`].filter(Boolean).join(" ")));
}

/** @param {any} found */
function drift(found) {
  if (!found) return null;
  const floors = found.floor?.bands ?? {};
  const lines = Object.entries(/** @type {Record<string, Agreement>} */ (found.bands)).map(([band, { overlap }]) => h("tr", {}, h("th", { scope: "row" }, `${band} items`),
    h("td", {}, h("meter", { min: 0, max: 1, value: overlap, "aria-label": `kept of ${band} items` })),
    h("td", {}, share(overlap), floors[band] && h("span", { class: "soft" }, ` (by chance ${share(floors[band].overlap)})`))));
  return h("div", { class: "stack" }, h("h3", {}, "Drift: kept of the answers before"), h("table", { class: "figures" }, h("tbody", {}, lines)),
    h("p", { class: "soft" }, `Of the ten most similar items of each, since version ${found.since}.`));
}

/** @param {number} part */
function share(part) {
  return `${(100 * part).toFixed(1)} %`;
}

/** @param {any} gate */
function checks(gate) {
  if (!gate) return null;
  /** @type {Check[]} */
  const all = gate.checks;
  const count = (/** @type {boolean | null} */ passed) => all.filter((check) => check.passed === passed).length;
  const parts = [[count(false), "failed"], [count(true), "passed"], [count(null), "not made"]].filter(([number]) => number);
  return h("details", { open: count(false) > 0 }, h("summary", {}, `The ${all.length} checks of the gate: ${parts.map((part) => part.join(" ")).join(", ")}`),
    h("ul", { class: "checks" }, [...all].sort((one, other) => Number(other.passed === false) - Number(one.passed === false)).map((check) => checkLine(check, true))));
}

/** @param {Check} check @param {boolean} isNamed */
function checkLine({ name, passed, sentence: text }, isNamed) {
  const [mark, word] = MARKS[/** @type {"true"} */ (String(passed))];
  return h("li", { class: word.replace(" ", "-") }, h("span", { class: "check-mark", role: "img", "aria-label": word }, mark),
    isNamed && h("b", {}, capital(name)), isNamed ? " " : null, text);
}

/** @param {string} text */
function capital(text) {
  return text.charAt(0).toUpperCase() + text.slice(1);
}
