/** The versions of the model: how the gate judged them, night after night, and what they change. */

import { showAnew } from "../anew.js";
import { announce, h, nameOf } from "../dom.js";
import { changes, mostChanged } from "../models/compare.js";
import { nightsCard } from "../models/nights.js";
import { promoteButton } from "../models/promote.js";
import { versionCard } from "../models/version.js";
import { versionList } from "../models/versions.js";
import { address, go } from "../place.js";
import { problemBox } from "../problem.js";
import { scrollBefore } from "../scroll.js";
import { searchField } from "../search.js";

/** @typedef {import("../types.js").Context} Context */
/** @typedef {import("../types.js").Place} Place */
/** @typedef {import("../models/versions.js").Version} Version */

/** @type {import("../types.js").View} */
export const view = {
  title: "Models",
  async show(root, place, context) {
    let shown = "";
    return showAnew(place, context.signal, async (to, signal) => {
      const isBack = scrollBefore() !== null;
      const before = shown;
      shown = await showModels(root, to, context, signal, before);
      // Behind what the page itself does at a new place: whoever picks an item goes on reading below.
      if (shown === before && !isBack) requestAnimationFrame(() => document.getElementById("changes")?.scrollIntoView());
    });
  },
};

/**
 * @param {HTMLElement} root
 * @param {Place} place
 * @param {Context} context
 * @param {AbortSignal} signal aborted when the view goes to another place
 * @param {string} shown the version that is shown, which stays while others are compared with it
 * @returns {Promise<string>} the version that is shown now
 */
async function showModels(root, place, context, signal, shown) {
  const { api, about } = context;
  const passing = { ...context, signal };
  const [{ current, versions }, { nights }] = await Promise.all([api.get("models", {}, signal), api.get("nights", {}, signal)]);
  const one = versions.find((/** @type {Version} */ version) => version.model_version === place.params.get("a"))
    ?? versions.find((/** @type {Version} */ version) => version.is_current) ?? versions[0];
  const before = document.getElementById("changes")?.closest("section");
  if (one.model_version === shown && before) {
    const after = await comparison(one, versions, current, place, passing, true);
    if (!signal.aborted) before.replaceWith(after);
    return shown;
  }
  const again = () => void showModels(root, place, context, context.signal, "");
  const chosen = one.damaged ? damaged(one) : versionCard(one, await api.get(`models/${one.model_version}`, {}, signal), {
    context, promote: about.is_admin && !one.is_current ? promoteButton(one, current, context, again) : null });
  const parts = [h("h1", { class: "unseen" }, "Models"), nightsCard(nights, new Set(versions.map((/** @type {Version} */ version) => version.model_version))),
    h("div", { class: "with-list" }, versionList(versions, one.model_version, place.params.get("item")), chosen)];
  root.replaceChildren(...parts, await comparison(one, versions, current, place, passing));
  return one.model_version;
}

/** @param {Version} one */
function damaged(one) {
  return h("section", { class: "card stack" }, h("h2", {}, one.model_version), h("div", { class: "problem" }, h("p", {}, one.damaged ?? ""),
    h("p", { class: "soft" }, "It is never served. The next night makes a new one.")));
}

/**
 * @param {Version} one
 * @param {Version[]} versions
 * @param {string | null} current
 * @param {Place} place
 * @param {Context} context
 * @param {boolean} [isWhole] whether to wait for all of it
 */
async function comparison(one, versions, current, place, context, isWhole = false) {
  const heading = h("h2", { id: "changes" }, "What changes");
  const others = versions.filter((version) => version !== one && !version.damaged);
  if (one.damaged || !others.length) {
    return h("section", { class: "card stack", "aria-labelledby": "changes" }, heading,
      h("p", { class: "empty" }, one.damaged ? "A damaged version has no answers." : "There is one version only: after the next night, its answers stand beside those of this one."));
  }
  const wanted = place.params.get("b");
  const other = others.find((version) => version.model_version === wanted)
    ?? others.find((version) => version.model_version === current) ?? others.find((version) => version.was_published) ?? others[0];
  const [before, after] = [other.model_version, one.model_version];
  const item = place.params.get("item") ?? context.about.examples[0]?.item_id;
  const select = h("select", { id: "compared", onchange: () => go(address("models", "", { a: after, b: select.value, item })) },
    others.map((version) => h("option", { value: version.model_version, selected: version === other },
      version.model_version + (version.is_current ? " (current)" : ""))));
  const { element } = searchField({ api: context.api, label: "For the item", isLabelled: true,
    onpick: (found) => go(address("models", "", { a: after, b: before, item: found.item_id })) });
  const answers = h("div", { class: "stack" });
  const most = h("div", { class: "stack" });
  const filled = Promise.all([
    fill(answers, () => shown(before, after, item, context), context.signal),
    fill(most, () => mostChanged(before, after, item, context), context.signal)]);
  if (isWhole) await filled;
  return h("section", { class: "card stack wide-gap", "aria-labelledby": "changes" },
    h("div", { class: "row spread" }, heading, h("p", { class: "soft" }, `From ${before} to ${after}`)),
    h("div", { class: "columns" }, h("div", { class: "field" }, h("label", { for: select.id }, "Compared with"), select), element),
    answers, most);
}

/**
 * @param {string} before
 * @param {string} after
 * @param {string} item
 * @param {Context} context
 */
async function shown(before, after, item, context) {
  const { items: [found] } = await context.api.get("explore/items", { id: item }, context.signal);
  const heading = h("h3", { class: "compared-item" }, found ? h("a", { href: address("item", item) }, nameOf(found)) : item);
  const answers = await changes(before, after, item, context);
  announce(answers.querySelector("h3")?.textContent ?? "");
  return h("div", { class: "stack" }, heading, answers);
}

/**
 * @param {HTMLElement} place
 * @param {() => Promise<HTMLElement>} make
 * @param {AbortSignal} signal
 */
async function fill(place, make, signal) {
  place.replaceChildren(h("p", { class: "loading" }, "Asking both versions …"));
  try {
    const made = await make();
    if (!signal.aborted) place.replaceChildren(made);
  } catch (error) {
    if (!signal.aborted) place.replaceChildren(problemBox(error, () => void fill(place, make, signal)));
  }
}
