/** Items of the map by their rows, asked for when they are needed. */

import { nameOf } from "../dom.js";

/** @typedef {import("../types.js").PlacedItem} PlacedItem */

const AT_ONCE = 200;
const PAUSE = 60; // milliseconds

export class Names {
  /**
   * @param {import("../types.js").Context} context
   * @param {() => void} onlearned
   */
  constructor({ api, signal }, onlearned) {
    this.api = api;
    this.signal = signal;
    this.onlearned = onlearned;
    /** @type {Map<number, PlacedItem>} */
    this.items = new Map();
    /** @type {Set<number>} */
    this.wanted = new Set();
    /** @type {Set<number>} */
    this.asked = new Set();
    this.timer = 0;
  }

  /** @param {number} row */
  name(row) {
    const item = this.items.get(row);
    return item && nameOf(item);
  }

  /** Asks for items, a moment later and all at once. @param {number[]} rows */
  want(rows) {
    for (const row of rows) if (!this.items.has(row) && !this.asked.has(row)) this.wanted.add(row);
    if (!this.wanted.size || this.timer) return;
    this.timer = window.setTimeout(() => {
      this.timer = 0;
      const rows = [...this.wanted].slice(0, AT_ONCE);
      this.wanted.clear();
      void this.learn(rows).then(this.onlearned, () => {});
    }, PAUSE);
  }

  /**
   * @param {number[]} rows
   * @returns {Promise<PlacedItem[]>} in the same order
   */
  async learn(rows) {
    const unknown = rows.filter((row) => !this.items.has(row));
    for (const row of unknown) this.asked.add(row);
    for (let first = 0; first < unknown.length; first += AT_ONCE) {
      const some = unknown.slice(first, first + AT_ONCE);
      try {
        const { items } = await this.api.get("explore/items", { rows: some.join(",") }, this.signal);
        for (const [place, row] of some.entries()) this.items.set(row, items[place]);
      } finally {
        for (const row of some) this.asked.delete(row);
      }
    }
    return rows.flatMap((row) => this.items.get(row) ?? []);
  }
}
