/** A field for a condition on what is known of items; what is wrong with it is said below it. */

import { h } from "./dom.js";
import { sentence } from "./problem.js";

let fields = 0;

/**
 * @param {object} options
 * @param {import("./types.js").About} options.about
 * @param {string} options.value
 * @param {(condition: string) => void} options.onchange called on Enter and when the field is left
 * @returns {{element: HTMLElement, fault: (why: string | null) => void, set: (condition: string) => void}}
 */
export function filterField({ about, value, onchange }) {
  const id = `filter-${++fields}`;
  const [column] = about.columns;
  const example = column ? `${named(column.name)} ${column.kind === "number" ? "< 3" : "is not missing"}` : "count >= 100";
  const wrong = h("p", { id: `${id}-fault`, class: "fault", role: "alert" });
  const input = h("input", { id, type: "search", value, placeholder: example, spellcheck: "false", autocomplete: "off",
    list: `${id}-list`, "aria-describedby": wrong.id });
  const columns = [...about.columns.map(({ name }) => named(name)), "title", "count"];
  let asked = value;
  const change = () => {
    const condition = input.value.trim();
    if (condition === asked) return;
    asked = condition;
    onchange(condition);
  };
  input.addEventListener("change", change);
  input.addEventListener("search", change);
  input.addEventListener("keydown", (event) => { if (event.key === "Enter") change(); });
  const element = h("div", { class: "field filter" }, h("label", { for: id }, "Only items with"), input,
    h("datalist", { id: `${id}-list` }, columns.map((name) => h("option", { value: name }))), wrong);
  return {
    element,
    set(condition) { input.value = asked = condition; },
    fault(why) {
      wrong.textContent = why ? sentence(why) : "";
      if (why) input.setAttribute("aria-invalid", "true");
      else input.removeAttribute("aria-invalid");
    },
  };
}

/**
 * A column's name as a condition writes it.
 * @param {string} name
 */
function named(name) {
  return /^[A-Za-z_]\w*$/.test(name) ? name : `\`${name}\``;
}
