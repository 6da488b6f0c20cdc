/** How far down each place of the history was read, so that going back shows the same lines. */

import { debounced } from "./dom.js";

const PAUSE = 80; // milliseconds

/** Keeps it from now on. */
export function keepScroll() {
  history.scrollRestoration = "manual";
  addEventListener("scroll", debounced(keep, PAUSE), { passive: true });
}

function keep() {
  if (history.state?.scroll !== scrollY) history.replaceState({ ...history.state, scroll: scrollY }, "");
}

/** How far down the place that the address names was left; null if it is new. */
export function scrollBefore() {
  return /** @type {number | null} */ (history.state?.scroll ?? null);
}
