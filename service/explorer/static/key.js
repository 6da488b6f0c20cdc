/** Asks for the key of a service that wants one. */

import { h } from "./dom.js";

/**
 * A dialog for a key.
 * @returns {Promise<string | null>} null if it was left
 */
export function askForKey() {
  return new Promise((resolve) => {
    const input = h("input", { type: "password", id: "key", autocomplete: "off", required: true });
    const dialog = h("dialog", { class: "card", "aria-labelledby": "key-title", onclose: () => {
      resolve(dialog.returnValue === "use" ? input.value.trim() : null);
      dialog.remove();
    } },
    h("form", { method: "dialog", class: "stack" },
      h("h2", { id: "key-title" }, "This service asks for a key"),
      h("p", { class: "soft" }, "It is kept in this tab only. An admin key also lets you publish versions."),
      h("div", { class: "field" }, h("label", { for: "key" }, "Key"), input),
      h("div", { class: "row" }, h("button", { class: "main", value: "use" }, "Use it"),
        h("button", { value: "", formnovalidate: true }, "Leave"))));
    document.body.append(dialog);
    dialog.showModal();
  });
}
