/** Draws points without WebGL: the most frequent ones, as squares. */

import { pointSize } from "./draw.js";
import { css } from "./colors.js";

/** @typedef {import("./camera.js").Camera} Camera */
/** @typedef {import("./draw.js").Look} Look */

export const MOST = 50_000;

/**
 * @param {HTMLCanvasElement} canvas
 * @param {import("./points.js").Points} points
 */
export function plainDrawer(canvas, points) {
  const context = /** @type {CanvasRenderingContext2D} */ (canvas.getContext("2d"));
  const drawn = Math.min(points.count, MOST);
  /** @type {Look} */
  let look;
  return {
    /** @param {Look} next */
    dress(next) { look = next; },
    /** @param {Camera} camera @param {number} most */
    draw(camera, most) {
      const ratio = canvas.width / camera.width;
      context.setTransform(ratio, 0, 0, ratio, 0, 0);
      context.clearRect(0, 0, camera.width, camera.height);
      const size = pointSize(drawn, camera.zoom) * 0.8;
      const colors = [...look.colors, look.noColor].map(css);
      for (let row = 0; row < Math.min(drawn, most); row++) {
        const [left, top] = camera.onScreen(points.x(row), points.y(row));
        if (left < -size || top < -size || left > camera.width + size || top > camera.height + size) continue;
        const group = look.groups[row];
        const isOther = look.only >= 0 && group !== look.only;
        context.globalAlpha = isOther ? 0.2 : 0.8;
        context.fillStyle = colors[isOther ? colors.length - 1 : Math.min(group, colors.length - 1)];
        context.fillRect(left - size / 2, top - size / 2, size, size);
      }
    },
  };
}
