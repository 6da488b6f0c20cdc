/** A small picture of the map with one item and its neighbors in it. */

import { h } from "./dom.js";
import { colorOf, theme } from "./theme.js";

const POINT = 6; // bytes: x and y as uint16, group, count
const FAR = 65535;
const MOST = 200_000; // items; above it, the map is too large to be fetched for a small picture
const DRAWN = 20_000; // points at most
const MARGIN = 6; // pixels

/** @type {{version: string, points: Promise<DataView>} | null} */
let kept = null;

/**
 * @param {import("./types.js").Context} context
 * @param {number} row of the item
 * @param {number[]} neighbors rows of its neighbors
 * @param {string} label
 * @returns {Promise<HTMLCanvasElement | null>} null if there is no map, or it is too large
 */
export async function mapInset({ api, about, signal }, row, neighbors, label) {
  if (!about.map || about.items > MOST) return null;
  if (kept?.version !== about.model_version) {
    const points = api.bytes("explore/map").then((bytes) => new DataView(bytes));
    points.catch(() => { kept = null; });
    kept = { version: about.model_version, points };
  }
  const points = await kept.points;
  const canvas = h("canvas", { class: "inset", role: "img", "aria-label": label });
  const draw = () => paint(canvas, points, row, neighbors);
  const watch = new ResizeObserver(draw);
  watch.observe(canvas);
  theme.addEventListener("change", draw, { signal });
  signal.addEventListener("abort", () => watch.disconnect());
  return canvas;
}

/**
 * @param {HTMLCanvasElement} canvas
 * @param {DataView} points
 * @param {number} row
 * @param {number[]} neighbors
 */
function paint(canvas, points, row, neighbors) {
  const { clientWidth: width, clientHeight: height } = canvas;
  canvas.width = width * devicePixelRatio;
  canvas.height = height * devicePixelRatio;
  const context = /** @type {CanvasRenderingContext2D} */ (canvas.getContext("2d"));
  context.scale(devicePixelRatio, devicePixelRatio);
  /** @param {number} one @param {string} color @param {number} size */
  const dot = (one, color, size) => {
    const x = MARGIN + points.getUint16(one * POINT, true) / FAR * (width - 2 * MARGIN);
    const y = MARGIN + (1 - points.getUint16(one * POINT + 2, true) / FAR) * (height - 2 * MARGIN);
    context.fillStyle = color;
    context.beginPath();
    context.arc(x, y, size, 0, 7);
    context.fill();
  };
  const count = points.byteLength / POINT;
  const step = Math.ceil(count / DRAWN);
  const [cloud, near, here, edge] = ["--cloud", "--similar", "--ours", "--card"].map((name) => `rgb(${colorOf(name).join(" ")})`);
  for (let one = 0; one < count; one += step) dot(one, cloud, .9);
  for (const one of neighbors) dot(one, near, 2.5);
  dot(row, edge, 6.5);
  dot(row, here, 4.5);
}
