/** Makes a version the one that is served, after a question. */

import { h } from "../dom.js";
import { problemBox } from "../problem.js";
import { summary } from "./compare.js";

/**
 * A button that publishes a version.
 * @param {import("./versions.js").Version} one
 * @param {string | null} current
 * @param {import("../types.js").Context} context
 * @param {() => void} ondone
 */
export function promoteButton(one, current, context, ondone) {
  const { api } = context;
  const refused = one.outcome === "refused";
  return h("button", { class: "main", onclick: () => {
    const fault = h("div", {});
    const effect = h("p", {}, current && "Asking both versions what changes …");
    if (current) summary(current, one.model_version, context).then((text) => { effect.textContent = text; }, () => effect.remove());
    const dialog = h("dialog", { class: "card", "aria-labelledby": "promote-title", onclose: () => dialog.remove() },
      h("div", { class: "stack" },
        h("h2", { id: "promote-title" }, "Publish this version?"),
        h("p", {}, `Every answer will come from ${one.model_version}${current ? `, no longer from ${current}` : ""}: here at once, in other workers within seconds. `
          + "No request is lost."),
        effect, refused && h("p", { class: "remark" }, `The gate refused it. ${one.verdict ?? ""}`),
        current && h("p", { class: "soft" }, `The way back: publish ${current} again.`),
        fault,
        h("div", { class: "row" },
          h("button", { class: "main", onclick: async () => {
            try {
              await api.send("PUT", "admin/current", { version: one.model_version });
              dialog.close();
              ondone();
            } catch (error) {
              fault.replaceChildren(problemBox(error));
            }
          } }, "Publish it"),
          h("button", { onclick: () => dialog.close() }, "Leave it"))));
    document.body.append(dialog);
    dialog.showModal();
  } }, "Publish …");
}
