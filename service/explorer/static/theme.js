/** Light or dark: as the system says, or as the button was last pressed. */

import { h } from "./dom.js";

const KEY = "item2vec-theme";
const root = document.documentElement;
const system = matchMedia("(prefers-color-scheme: dark)");
/** Dispatches `change` when colors are others than before. */
export const theme = new EventTarget();

/** Shows what was chosen before. */
export function applyTheme() {
  const chosen = localStorage.getItem(KEY);
  if (chosen) root.dataset.theme = chosen;
  system.addEventListener("change", () => theme.dispatchEvent(new Event("change")));
}

/** The button that changes between light and dark. */
export function themeButton() {
  return h("button", { class: "icon", title: "Light or dark", "aria-label": "Light or dark", onclick: toggle }, "◐");
}

/** Whether colors are those for a dark page. */
export function isDark() {
  return root.dataset.theme ? root.dataset.theme === "dark" : system.matches;
}

function toggle() {
  root.dataset.theme = isDark() ? "light" : "dark";
  localStorage.setItem(KEY, root.dataset.theme);
  theme.dispatchEvent(new Event("change"));
}

/**
 * A color of tokens.css as it is now, red, green and blue from 0 to 255.
 * @param {string} name such as `--g0`
 * @returns {[number, number, number]}
 */
export function colorOf(name) {
  const probe = h("span", { hidden: true, style: { color: `var(${name})` } });
  document.body.append(probe);
  const [red = 0, green = 0, blue = 0] = (getComputedStyle(probe).color.match(/[\d.]+/g) ?? []).map(Number);
  probe.remove();
  return [red, green, blue];
}
