/** One version: what the gate found, how it compares with simple models, what it was made from. */

import { fitted } from "../charts/scale.js";
import { intervalChart } from "../charts/intervals.js";
import { h } from "../dom.js";
import { saveBytes } from "../list.js";
import { badges, time } from "./versions.js";

/** @typedef {import("./versions.js").Version} Version */
/** @typedef {{value: number, low: number, high: number}} Estimate */

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
    h("p", { class: "remark" }, manifest.verdict),
    h("div", { class: "columns" }, evaluations(manifest.gate, signal), h("div", { class: "stack" }, dataReport(manifest), drift(manifest.drift))),
    checks(manifest.gate));
}

/** @param {any} gate @param {AbortSignal} signal */
function evaluations(gate, signal) {
  const entries = Object.entries(gate?.evaluations ?? {});
  if (!entries.length) return h("p", { class: "empty" }, "Not compared: the gate was off, or the model was imported.");
  return h("div", { class: "stack" }, entries.map(([name, evaluation]) => {
    const models = Object.entries(/** @type {Record<string, {estimates: Record<string, Estimate>}>} */ (/** @type {any} */ (evaluation).models));
    const metric = Object.keys(models[0][1].estimates).find((one) => one.startsWith("NDCG")) ?? Object.keys(models[0][1].estimates)[0];
    const estimates = models.map(([model, { estimates: all }]) => ({ name: model === "candidate" ? "this version" : model, ...all[metric] }));
    const chart = h("div", {});
    return h("div", { class: "stack" }, h("h3", {}, `${name}: ${metric}`),
      fitted(chart, (width) => intervalChart(estimates, `${name}, ${metric}`, width), signal));
  }), h("p", { class: "soft" }, "On sessions that were held out, with intervals of 95 %."));
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
  const bands = Object.entries(found.bands).map(([band, agreement]) => h("tr", {}, h("th", { scope: "row" }, `${band} items`),
    h("td", {}, `${(100 * /** @type {any} */ (agreement).overlap).toFixed(1)} %`)));
  return h("div", { class: "stack" }, h("h3", {}, "Kept of the answers before"), h("table", { class: "figures" }, h("tbody", {}, bands)),
    h("p", { class: "soft" }, `Shared items of the ten most similar, since version ${found.since}.`));
}

/** @param {any} gate */
function checks(gate) {
  if (!gate) return null;
  const failed = gate.checks.some((/** @type {any} */ check) => check.passed === false);
  const lines = gate.checks.map((/** @type {any} */ { name, passed, sentence }) => {
    const [mark, word] = MARKS[/** @type {"true"} */ (String(passed))];
    return h("li", { class: word.replace(" ", "-") }, h("span", { class: "check-mark", role: "img", "aria-label": word }, mark), h("b", {}, name), " ", sentence);
  });
  return h("details", { open: failed }, h("summary", {}, `The ${gate.checks.length} checks of the gate`), h("ul", { class: "checks" }, lines));
}
