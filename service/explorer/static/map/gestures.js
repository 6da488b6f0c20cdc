/** What a hand does on the map: drag, pinch, wheel, keys, a line drawn around points. */

/**
 * @typedef {object} Hand
 * @property {import("./camera.js").Camera} camera changed in place
 * @property {() => boolean} isDrawing whether a drag draws a line instead of moving the map
 * @property {() => void} onmove the camera is another
 * @property {(left: number, top: number) => void} onhover
 * @property {() => void} onleave
 * @property {(left: number, top: number) => void} onpick
 * @property {(line: [number, number][]) => void} ondraw so far
 * @property {(line: [number, number][]) => void} onring the line is closed
 */

const STILL = 4; // pixels that a click may move
const KEY_STEP = 60; // pixels
const KEYS = { ArrowLeft: [1, 0], ArrowRight: [-1, 0], ArrowUp: [0, 1], ArrowDown: [0, -1] };

/**
 * @param {HTMLElement} element
 * @param {Hand} hand
 */
export function listen(element, hand) {
  const { camera } = hand;
  /** @type {Map<number, [number, number]>} */
  const fingers = new Map();
  /** @type {[number, number][] | null} */
  let line = null;
  let travelled = 0;

  /** @param {PointerEvent | WheelEvent | MouseEvent} event @returns {[number, number]} */
  const at = (event) => {
    const { left, top } = element.getBoundingClientRect();
    return [event.clientX - left, event.clientY - top];
  };
  const spread = () => {
    const [[ax, ay], [bx, by]] = [...fingers.values()];
    return { apart: Math.hypot(ax - bx, ay - by), left: (ax + bx) / 2, top: (ay + by) / 2 };
  };

  element.addEventListener("pointerdown", (event) => {
    if (event.button !== 0 || event.target !== element) return;
    element.setPointerCapture(event.pointerId);
    fingers.set(event.pointerId, at(event));
    travelled = 0;
    line = fingers.size === 1 && (event.shiftKey || hand.isDrawing()) ? [at(event)] : null;
  });
  element.addEventListener("pointermove", (event) => {
    const before = fingers.get(event.pointerId);
    const now = at(event);
    if (!before) {
      if (event.pointerType === "mouse") hand.onhover(...now);
      return;
    }
    travelled += Math.hypot(now[0] - before[0], now[1] - before[1]);
    if (line) {
      line.push(now);
      hand.ondraw(line);
    } else if (fingers.size === 1) {
      if (travelled > STILL) camera.pan(now[0] - before[0], now[1] - before[1]);
    } else if (fingers.size === 2) {
      const old = spread();
      fingers.set(event.pointerId, now);
      const { apart, left, top } = spread();
      camera.pan(left - old.left, top - old.top);
      camera.zoomBy(apart / Math.max(old.apart, 1), left, top);
    }
    fingers.set(event.pointerId, now);
    if (!line && travelled > STILL) hand.onmove();
  });
  /** @param {PointerEvent} event */
  const lift = (event) => {
    if (!fingers.delete(event.pointerId)) return;
    if (line && travelled > STILL) hand.onring(line);
    else if (event.type === "pointerup" && travelled <= STILL && !fingers.size) hand.onpick(...at(event));
    line = null;
  };
  element.addEventListener("pointerup", lift);
  element.addEventListener("pointercancel", lift);
  element.addEventListener("pointerleave", () => hand.onleave());
  element.addEventListener("wheel", (event) => {
    event.preventDefault();
    const lines = event.deltaMode === WheelEvent.DOM_DELTA_LINE ? 16 : 1;
    camera.zoomBy(Math.exp(-event.deltaY * lines * 0.0016), ...at(event));
    hand.onmove();
  }, { passive: false });
  element.addEventListener("dblclick", (event) => {
    camera.zoomBy(2, ...at(event));
    hand.onmove();
  });
  element.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const step = KEYS[/** @type {keyof typeof KEYS} */ (event.key)];
    if (step) camera.pan(step[0] * KEY_STEP, step[1] * KEY_STEP);
    else if (event.key === "+" || event.key === "=") camera.zoomBy(1.5);
    else if (event.key === "-") camera.zoomBy(1 / 1.5);
    else if (event.key === "0" || event.key === "Home") camera.fit();
    else if (event.key === "Enter") hand.onpick(...camera.middle);
    else return;
    event.preventDefault();
    hand.onmove();
  });
}
