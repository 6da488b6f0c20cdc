/** Vectors as strips under each other: where the colors agree, items are alike. */

import { deviations, drawn, legend, paint, strip } from "./colorstrip.js";
import { h } from "./dom.js";
import { address } from "./place.js";

/**
 * A vector and what it belongs to.
 * @typedef {object} Strip
 * @property {string} name
 * @property {string} [sign] what stands before the name: + − =
 * @property {string} [item_id] of the item, if it is one
 * @property {number[]} vector of length 1
 * @property {string} [kind] a class for the line
 */
/** @typedef {import("./colorstrip.js").Color} Color */

const STRONGEST = 3; // dimensions that the text names
const REST = "Point at a column, or move the slider, to see what one dimension adds to each cosine.";

/**
 * Strips under each other; those below the one at `base` are compared with it.
 * @param {object} options
 * @param {Strip[]} options.strips
 * @param {number} options.base
 * @param {number[]} options.spread the standard deviation of each dimension
 * @param {AbortSignal} options.signal
 * @returns {HTMLElement}
 */
export function stripTable({ strips, base, spread, signal }) {
  const reference = strips[base].vector;
  const lines = strips.map((one, place) => new Line(one, place > base ? reference : null, spread));
  const table = new Table(lines, reference, spread);
  table.redraw = drawn(table.field, (colors) => table.draw(colors), signal);
  return table.element;
}

class Table {
  /**
   * @param {Line[]} lines
   * @param {number[]} reference
   * @param {number[]} spread
   */
  constructor(lines, reference, spread) {
    this._lines = lines;
    this._reference = reference;
    this._sigmas = deviations(reference, spread);
    this._order = [...reference.keys()];
    /** The column that is looked at; −1 if none. */
    this._column = -1;
    this.redraw = () => {};
    this._slider = h("input", { type: "range", min: 0, max: reference.length - 1, value: 0, class: "strip-slider",
      "aria-label": "Dimension to look at", oninput: () => this._slide(), onfocus: () => this._slide(), onblur: () => this._look(-1) });
    this._mark = h("div", { class: "strip-mark", "aria-hidden": "true" });
    this._told = h("p", { class: "soft strip-told" });
    this._heading = h("span", { class: "strip-figure soft" });
    this._legend = legend();
    const point = (/** @type {PointerEvent} */ event) => this._look(this._columnAt(event));
    const leave = (/** @type {PointerEvent} */ event) => { if (event.pointerType === "mouse") this._look(-1); };
    this.field = h("div", { class: "strip-lines", onpointermove: point, onpointerdown: point, onpointerleave: leave },
      lines.map((line) => line.element), this._mark);
    this._buttons = [["sorted", "By value"], ["stored", "As stored"]].map(([name, text]) =>
      h("button", { "data-order": name, onclick: () => this._sort(name) }, text));
    this.element = h("div", { class: "strips" },
      h("div", { class: "row spread" }, this._legend.element,
        h("span", { class: "row" }, h("span", { class: "soft" }, "Dimensions"), h("span", { class: "segments" }, this._buttons))),
      h("div", { class: "strip-foot" }, this._heading), this.field, h("div", { class: "strip-foot" }, this._slider), this._told);
    this._sort("sorted");
  }

  /** @param {Color[]} colors */
  draw(colors) {
    for (const line of this._lines) line.draw(this._order, colors);
    this._legend.draw(colors);
    this._putMark();
  }

  /** @param {string} name */
  _sort(name) {
    this._order = [...this._reference.keys()];
    if (name === "sorted") this._order.sort((a, b) => this._sigmas[b] - this._sigmas[a]);
    for (const button of this._buttons) button.setAttribute("aria-pressed", String(button.dataset.order === name));
    this._look(-1);
    this.redraw();
  }

  _slide() {
    this._look(Number(this._slider.value));
  }

  /** @param {PointerEvent} event */
  _columnAt(event) {
    const { left, width } = this._lines[0].canvas.getBoundingClientRect();
    const column = Math.floor((event.clientX - left) / width * this._reference.length);
    return column in this._reference ? column : -1;
  }

  /** @param {number} column −1 for none */
  _look(column) {
    this._column = column;
    const dimension = column < 0 ? -1 : this._order[column];
    for (const line of this._lines) line.tell(dimension);
    this._heading.replaceChildren(...(dimension < 0 ? ["", "cosine"] : ["value", "adds"]).map((text) => h("span", {}, text)));
    this._told.textContent = dimension < 0 ? REST : this._sentence(dimension);
    if (column >= 0) {
      this._slider.value = String(column);
      this._slider.setAttribute("aria-valuetext", this._told.textContent);
    }
    this._putMark();
  }

  /** @param {number} dimension */
  _sentence(dimension) {
    const sigmas = this._sigmas[dimension];
    return `Dimension ${dimension + 1} of ${this._reference.length}: ${signed(this._reference[dimension])} here, `
      + `${Math.abs(sigmas).toFixed(1)} standard deviations ${sigmas < 0 ? "below" : "above"} 0. `
      + "On the right: each one's value, and what it adds to the cosine.";
  }

  _putMark() {
    this._mark.hidden = this._column < 0;
    const { offsetLeft, clientWidth } = this._lines[0].canvas;
    const width = clientWidth / this._reference.length;
    this._mark.style.setProperty("left", `${offsetLeft + this._column * width - 1}px`);
    this._mark.style.setProperty("width", `${width + 2}px`);
  }
}

/** One strip with its name and its cosine. */
class Line {
  /**
   * @param {Strip} one
   * @param {number[] | null} reference what it is compared with
   * @param {number[]} spread
   */
  constructor(one, reference, spread) {
    const { name, sign, item_id, vector, kind = "" } = one;
    this._vector = vector;
    this._sigmas = deviations(vector, spread);
    this._parts = reference && vector.map((value, dimension) => value * reference[dimension]);
    this._cosine = this._parts && this._parts.reduce((sum, part) => sum + part, 0);
    this.canvas = strip({ role: "img", "aria-label": describe(name, vector, this._parts) });
    this._figure = h("span", { class: "strip-figure" });
    const label = item_id && kind !== "first" ? h("a", { href: address("item", item_id) }, name) : name;
    this.element = h("div", { class: `strip-line ${kind}` },
      h("span", { class: "strip-name", title: name }, sign && h("b", {}, `${sign} `), label), this.canvas, this._figure);
  }

  /** @param {number} dimension −1 for none */
  tell(dimension) {
    const parts = this._parts;
    const texts = dimension < 0 ? ["", this._cosine?.toFixed(3).replace("-", "−")]
      : [signed(this._vector[dimension]), parts && signed(parts[dimension])];
    this._figure.replaceChildren(...texts.map((text) => h("span", {}, text)));
  }

  /**
   * @param {number[]} order
   * @param {Color[]} colors
   */
  draw(order, colors) {
    paint(this.canvas, order.map((dimension) => this._sigmas[dimension]), colors);
  }
}

/**
 * A strip in words.
 * @param {string} name
 * @param {number[]} vector
 * @param {number[] | null} parts what each dimension adds to the cosine
 */
function describe(name, vector, parts) {
  if (!parts) return `Vector of ${name}: ${vector.length} values`;
  const cosine = parts.reduce((sum, part) => sum + part, 0);
  const strongest = [...parts.keys()].sort((a, b) => parts[b] - parts[a]).slice(0, STRONGEST)
    .map((dimension) => `${dimension + 1} (${signed(parts[dimension])})`);
  return `Vector of ${name}: cosine ${cosine.toFixed(3)}, most of it from the dimensions ${strongest.join(", ")}`;
}

/** @param {number} value */
function signed(value) {
  return `${value < 0 ? "−" : "+"}${Math.abs(value).toFixed(3)}`;
}
