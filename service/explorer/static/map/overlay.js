/** What is drawn over the points: names, rings, lines to neighbors, the line of a lasso. */

import { css } from "./colors.js";
import { colorOf } from "../theme.js";

/** @typedef {import("./camera.js").Camera} Camera */
/** @typedef {import("./points.js").Points} Points */
/**
 * @typedef {object} Marks
 * @property {number} center an item, −1 without one
 * @property {number[]} lit items with a ring
 * @property {number} hovered −1 without one
 * @property {[number, number][]} lasso on the screen
 * @property {boolean} isFocused by the keyboard: a cross marks the middle
 * @property {{name: string, x: number, y: number}[]} clusters
 * @property {(row: number) => string | undefined} name of an item, if it is known
 */

const NAMED_FROM = 2.2; // zoom from which on items have names
const MOST_NAMES = 26;
const SCANNED = 60_000; // items, the most frequent, that may get a name
const LONGEST = 34;

/**
 * @param {HTMLCanvasElement} canvas
 * @param {Camera} camera
 * @param {Points} points
 * @param {Marks} marks
 * @returns {number[]} rows of items whose names are missing
 */
export function drawOverlay(canvas, camera, points, marks) {
  const context = /** @type {CanvasRenderingContext2D} */ (canvas.getContext("2d"));
  const ratio = canvas.width / camera.width;
  context.setTransform(ratio, 0, 0, ratio, 0, 0);
  context.clearRect(0, 0, camera.width, camera.height);
  const [text, page, ours, similar] = ["--text", "--page", "--ours", "--similar"].map((name) => css(colorOf(name)));
  /** @param {number} row */
  const at = (row) => camera.onScreen(points.x(row), points.y(row));
  const labels = new Labels(context, camera, text, page);

  context.strokeStyle = similar;
  context.lineWidth = 1;
  context.globalAlpha = 0.55;
  if (marks.center >= 0) for (const row of marks.lit) stroke(context, [at(marks.center), at(row)]);
  context.globalAlpha = 1;
  for (const row of marks.lit) ring(context, at(row), 6, similar, page);
  if (marks.center >= 0) ring(context, at(marks.center), 8, ours, page);
  if (marks.lasso.length > 1) {
    context.strokeStyle = ours;
    context.setLineDash([6, 4]);
    stroke(context, marks.lasso);
    context.setLineDash([]);
  }
  if (marks.isFocused) cross(context, camera, ours);

  const wanted = [marks.hovered, marks.center, ...marks.lit].filter((row) => row >= 0);
  if (marks.hovered >= 0) ring(context, at(marks.hovered), 7, text, page);
  const missing = wanted.filter((row) => !labelled(labels, marks.name(row), at(row), 600));
  if (camera.zoom < NAMED_FROM) for (const { name, x, y } of marks.clusters) labels.add(name, camera.onScreen(x, y), 650, true);
  else missing.push(...frequentNames(labels, camera, points, marks));
  return missing;
}

/**
 * Names of the most frequent items in view.
 * @param {Labels} labels
 * @param {Camera} camera
 * @param {Points} points
 * @param {Marks} marks
 */
function frequentNames(labels, camera, points, marks) {
  const missing = [];
  let named = 0;
  for (let row = 0; row < Math.min(points.count, SCANNED) && named < MOST_NAMES; row++) {
    const [left, top] = camera.onScreen(points.x(row), points.y(row));
    if (left < 0 || top < 0 || left > camera.width || top > camera.height || !labels.hasRoom(left, top)) continue;
    named++;
    if (!labelled(labels, marks.name(row), [left, top], 450)) missing.push(row);
  }
  return missing;
}

/**
 * @param {Labels} labels
 * @param {string | undefined} name
 * @param {[number, number]} place
 * @param {number} weight
 */
function labelled(labels, name, place, weight) {
  if (name === undefined) return false;
  labels.add(name, place, weight, false);
  return true;
}

/** Texts that do not overlap: the first ones have the room. */
class Labels {
  /**
   * @param {CanvasRenderingContext2D} context
   * @param {Camera} camera
   * @param {string} color
   * @param {string} halo
   */
  constructor(context, camera, color, halo) {
    this.context = context;
    this.camera = camera;
    this.color = color;
    this.halo = halo;
    /** @type {[number, number, number, number][]} */
    this.taken = [];
  }

  /** @param {number} left @param {number} top */
  hasRoom(left, top) {
    return this.isFree([left, top - 9, left + 60, top + 9]);
  }

  /** @param {[number, number, number, number]} box */
  isFree([left, top, right, bottom]) {
    return !this.taken.some(([l, t, r, b]) => left < r && right > l && top < b && bottom > t);
  }

  /**
   * @param {string} name
   * @param {[number, number]} place
   * @param {number} weight
   * @param {boolean} isMiddle whether it stands over the place instead of beside it
   */
  add(name, [left, top], weight, isMiddle) {
    const { context, camera } = this;
    if (left < -50 || top < -20 || left > camera.width + 50 || top > camera.height + 20) return;
    const text = name.length > LONGEST ? `${name.slice(0, LONGEST - 1)}…` : name;
    context.font = `${weight} 12.5px system-ui, "Liberation Sans", sans-serif`;
    const width = context.measureText(text).width;
    let start = isMiddle ? left - width / 2 : left + 11;
    if (!isMiddle && start + width > camera.width) start = left - 11 - width;
    start = Math.min(Math.max(start, 4), Math.max(camera.width - width - 4, 4));
    const box = /** @type {[number, number, number, number]} */ ([start - 3, top - 9, start + width + 3, top + 9]);
    if (!this.isFree(box)) return;
    this.taken.push(box);
    context.lineWidth = 4;
    context.lineJoin = "round";
    context.strokeStyle = this.halo;
    context.fillStyle = this.color;
    context.textBaseline = "middle";
    context.strokeText(text, start, top);
    context.fillText(text, start, top);
  }
}

/**
 * @param {CanvasRenderingContext2D} context
 * @param {[number, number][]} line
 */
function stroke(context, line) {
  context.beginPath();
  for (const [left, top] of line) context.lineTo(left, top);
  context.stroke();
}

/**
 * @param {CanvasRenderingContext2D} context
 * @param {[number, number]} place
 * @param {number} radius
 * @param {string} color
 * @param {string} halo
 */
function ring(context, [left, top], radius, color, halo) {
  for (const [width, style] of /** @type {[number, string][]} */ ([[5, halo], [2.5, color]])) {
    context.lineWidth = width;
    context.strokeStyle = style;
    context.beginPath();
    context.arc(left, top, radius, 0, 7);
    context.stroke();
  }
}

/**
 * @param {CanvasRenderingContext2D} context
 * @param {Camera} camera
 * @param {string} color
 */
function cross(context, { middle: [left, top] }, color) {
  context.strokeStyle = color;
  context.lineWidth = 1.5;
  stroke(context, [[left - 9, top], [left + 9, top]]);
  stroke(context, [[left, top - 9], [left, top + 9]]);
}
