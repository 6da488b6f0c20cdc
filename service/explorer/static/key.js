/** Asks for the key of a service that wants one. */

import { h } from "./dom.js";

/**
 * A dialog for a key.
 * @param {boolean} wasWrong whether a key was given before, and refused
 * @returns {Promise<string | null>} null if it was left
 */
export function askForKey(wasWrong) {
  return new Promise((resolve) => {
    const input = h("input", {
      type: "password", id: "key", autocomplete: "off", required: true, pattern: ".*\\S.*",
      "aria-invalid": wasWrong ? "true" : null, "aria-describedby": wasWrong ? "key-wrong key-use" : "key-use",
    });
    const dialog = h("dialog", { class: "card", "aria-labelledby": "key-title", onclose: () => {
      resolve(dialog.returnValue === "use" ? input.value.trim() : null);
      dialog.remove();
    } },
    h("form", { method: "dialog", class: "stack" },
      h("h2", { id: "key-title" }, "This service asks for a key"),
      h("div", { class: "field" }, h("label", { for: "key" }, "Key"), input,
        wasWrong && h("p", { id: "key-wrong", class: "fault" }, "The service does not accept that key.")),
      h("p", { class: "soft", id: "key-use" },
        "It is kept in this tab alone, until you close it. An admin key also lets you publish versions."),
      h("div", { class: "row" }, h("button", { class: "main", value: "use" }, "Use this key"),
        h("button", { value: "", formnovalidate: true }, "Leave"))));
    document.body.append(dialog);
    dialog.showModal();
  });
}
