/** Vectors as strips of colors under each other: where the colors agree, items are alike. */

import { h, nameOf } from "./dom.js";
import { address } from "./place.js";
import { colorOf, theme } from "./theme.js";

/**
 * A vector and what it belongs to.
 * @typedef {object} Strip
 * @property {string} name
 * @property {string} [sign] what stands before the name: + − =
 * @property {string} [item_id] of the item, if it is one
 * @property {number[]} vector of length 1
 * @property {string} [kind] a class for the line
 */
/** @typedef {"stored" | "sorted"} Order */

const HEIGHT = 20; // pixels of a strip
const LIMIT = 2; // standard deviations at which a color is full
const STRONGEST = 3; // dimensions that the text names

/**
 * Strips under each other; those below the one at `base` are compared with it.
 * @param {object} options
 * @param {Strip[]} options.strips
 * @param {number} options.base the place of the strip that others are compared with
 * @param {number[]} options.spread the standard deviation of each dimension
 * @param {AbortSignal} options.signal
 * @returns {HTMLElement}
 */
export function stripTable({ strips, base, spread, signal }) {
  const reference = strips[base].vector;
  const size = reference.length;
  const byValue = [...reference.keys()].sort((a, b) => deviation(b) - deviation(a));
  /** @param {number} dimension */
  function deviation(dimension) {
    return reference[dimension] / (spread[dimension] || 1);
  }
  let order = byValue;
  /** The column that is looked at; −1 if none. */
  let column = -1;
  const lines = strips.map((strip, place) => stripLine(strip, place > base ? reference : null));
  const slider = h("input", { type: "range", min: 0, max: size - 1, value: 0, class: "strip-slider", "aria-label": "Dimension to look at",
    oninput: () => look(Number(slider.value)), onfocus: () => look(Number(slider.value)), onblur: () => look(-1) });
  const told = h("p", { class: "soft strip-told" });
  const heading = h("span", { class: "strip-figure soft" });
  const key = legend();
  const mark = h("div", { class: "strip-mark", hidden: true, "aria-hidden": "true" });
  const point = (/** @type {PointerEvent} */ event) => look(columnAt(event));
  const leave = (/** @type {PointerEvent} */ event) => { if (event.pointerType === "mouse") look(-1); };
  const field = h("div", { class: "strip-lines", onpointermove: point, onpointerdown: point, onpointerleave: leave },
    lines.map((line) => line.element), mark);

  /** @param {PointerEvent} event */
  function columnAt(event) {
    const { left, width } = lines[0].canvas.getBoundingClientRect();
    const place = Math.floor((event.clientX - left) / width * size);
    return place >= 0 && place < size ? place : -1;
  }
  /** @param {number} place */
  function look(place) {
    column = place;
    const dimension = place < 0 ? -1 : order[place];
    for (const line of lines) line.tell(dimension);
    heading.replaceChildren(...(dimension < 0 ? ["", "cosine"] : ["value", "adds"]).map((text) => h("span", {}, text)));
    told.textContent = dimension < 0 ? REST : sentenceOf(dimension);
    if (place >= 0) {
      slider.value = String(place);
      slider.setAttribute("aria-valuetext", told.textContent);
    }
    putMark();
  }
  /** @param {number} dimension */
  function sentenceOf(dimension) {
    return `Dimension ${dimension + 1} of ${size}: ${signed(reference[dimension])} here, `
      + `${Math.abs(deviation(dimension)).toFixed(1)} standard deviations ${deviation(dimension) < 0 ? "below" : "above"} 0. `
      + "On the right: each one's value, and what it adds to the cosine.";
  }
  function putMark() {
    mark.hidden = column < 0;
    if (column < 0) return;
    const canvas = lines[0].canvas;
    const width = canvas.clientWidth / size;
    mark.style.setProperty("left", `${canvas.offsetLeft + column * width - 1}px`);
    mark.style.setProperty("width", `${width + 2}px`);
  }
  const draw = () => {
    const colors = scale();
    for (const line of lines) line.draw(order, spread, colors);
    key.draw(colors);
    putMark();
  };
  /** @param {Order} name */
  const sort = (name) => {
    order = name === "stored" ? [...reference.keys()] : byValue;
    for (const button of buttons) button.setAttribute("aria-pressed", String(button.dataset.order === name));
    look(-1);
    draw();
  };
  const buttons = [["sorted", "By value"], ["stored", "As stored"]].map(([name, text]) =>
    h("button", { "data-order": name, onclick: () => sort(/** @type {Order} */ (name)) }, text));
  const watch = new ResizeObserver(draw);
  watch.observe(field);
  theme.addEventListener("change", draw, { signal });
  signal.addEventListener("abort", () => watch.disconnect());
  sort("sorted");
  return h("div", { class: "strips" },
    h("div", { class: "row spread" }, key.element,
      h("span", { class: "row" }, h("span", { class: "soft" }, "Dimensions"), h("span", { class: "segments" }, buttons))),
    h("div", { class: "strip-foot" }, heading), field, h("div", { class: "strip-foot" }, slider), told);
}

const REST = "Point at a column, or move the slider, to see what one dimension adds to each cosine.";

/**
 * One strip with its name and its cosine.
 * @param {Strip} strip
 * @param {number[] | null} reference what it is compared with
 */
function stripLine(strip, reference) {
  const parts = reference && strip.vector.map((value, dimension) => value * reference[dimension]);
  const cosine = parts?.reduce((sum, part) => sum + part, 0);
  const canvas = h("canvas", { class: "strip", role: "img", height: HEIGHT, "aria-label": describe(strip, parts, cosine) });
  const figure = h("span", { class: "strip-figure" });
  const name = nameOf({ item_id: strip.item_id ?? "", title: strip.name });
  const label = strip.item_id && strip.kind !== "first"
    ? h("a", { href: address("item", strip.item_id) }, name) : h("span", {}, name);
  const element = h("div", { class: `strip-line ${strip.kind ?? ""}` },
    h("span", { class: "strip-name", title: name }, strip.sign && h("b", {}, `${strip.sign} `), label), canvas, figure);
  /** @param {number} dimension −1 for none */
  const tell = (dimension) => {
    const texts = dimension < 0 ? ["", cosine?.toFixed(3).replace("-", "−")] : [signed(strip.vector[dimension]), parts && signed(parts[dimension])];
    figure.replaceChildren(...texts.map((text) => h("span", {}, text)));
  };
  tell(-1);
  return { element, canvas, tell,
    draw: (/** @type {number[]} */ order, /** @type {number[]} */ spread, /** @type {Color[]} */ colors) =>
      paint(canvas, order.map((dimension) => strip.vector[dimension] / (spread[dimension] || 1)), colors) };
}

/**
 * A strip in words.
 * @param {Strip} strip
 * @param {number[] | null} parts
 * @param {number} [cosine]
 */
function describe(strip, parts, cosine) {
  if (!parts || cosine === undefined) return `Vector of ${strip.name}: ${strip.vector.length} values`;
  const strongest = [...parts.keys()].sort((a, b) => parts[b] - parts[a]).slice(0, STRONGEST)
    .map((dimension) => `${dimension + 1} (${signed(parts[dimension])})`);
  return `Vector of ${strip.name}: cosine ${cosine.toFixed(3)}, most of it from the dimensions ${strongest.join(", ")}`;
}

/** @typedef {[number, number, number]} Color */

/**
 * Fills a strip, a column for each value, at whole pixels of the screen.
 * @param {HTMLCanvasElement} canvas
 * @param {number[]} values in standard deviations
 * @param {Color[]} colors
 */
function paint(canvas, values, colors) {
  const width = Math.round(canvas.clientWidth * devicePixelRatio);
  const height = Math.round(HEIGHT * devicePixelRatio);
  if (!width) return;
  canvas.width = width;
  canvas.height = height;
  const context = /** @type {CanvasRenderingContext2D} */ (canvas.getContext("2d"));
  values.forEach((value, place) => {
    const left = Math.round(place * width / values.length);
    context.fillStyle = `rgb(${blend(value, colors).join(" ")})`;
    context.fillRect(left, 0, Math.round((place + 1) * width / values.length) - left, height);
  });
}

/** The colors of −2σ, 0 and 2σ as the page is now. */
function scale() {
  return [colorOf("--low"), colorOf("--zero"), colorOf("--high")];
}

/**
 * The color of a value.
 * @param {number} value in standard deviations
 * @param {Color[]} colors
 */
function blend(value, [low, zero, high]) {
  const share = Math.min(1, Math.abs(value) / LIMIT);
  const end = value < 0 ? low : high;
  return zero.map((from, channel) => Math.round(from + share * (end[channel] - from)));
}

function legend() {
  const canvas = h("canvas", { class: "strip", "aria-hidden": "true" });
  const values = Array.from({ length: 41 }, (_, place) => (place / 20 - 1) * LIMIT);
  return {
    element: h("div", { class: "strip-legend", title: "Standard deviations of each dimension over all items" },
      h("span", {}, "−2σ"), canvas, h("span", {}, "+2σ")),
    draw: (/** @type {Color[]} */ colors) => paint(canvas, values, colors),
  };
}

/** @param {number} value */
export function signed(value) {
  return `${value < 0 ? "−" : "+"}${Math.abs(value).toFixed(3)}`;
}
