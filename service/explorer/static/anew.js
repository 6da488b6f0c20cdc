/** Shows each place of a view anew; what was asked for at the last one is given up. */

/** @typedef {import("./types.js").Place} Place */

/**
 * Shows a place, and returns what shows the next ones.
 * @param {Place} place
 * @param {AbortSignal} signal of the view
 * @param {(place: Place, signal: AbortSignal) => Promise<void>} show its signal is that of the place
 * @returns {Promise<(place: Place) => Promise<void>>}
 */
export async function showAnew(place, signal, show) {
  let leaving = new AbortController();
  signal.addEventListener("abort", () => leaving.abort());
  /** @param {Place} to */
  const open = async (to) => {
    leaving.abort();
    leaving = new AbortController();
    await show(to, leaving.signal);
  };
  await open(place);
  return open;
}
