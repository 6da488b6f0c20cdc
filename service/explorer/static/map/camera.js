/** Which part of the map is seen: its middle, and how many pixels the map is wide. */

const FARTHEST = 0.5;
const NEAREST = 400;
const MARGIN = 0.92;

export class Camera {
  constructor() {
    this.width = 1;
    this.height = 1;
    /** Pixels on the left and at the bottom that a panel covers. */
    this.covered = { left: 0, bottom: 0 };
    this.x = 0.5;
    this.y = 0.5;
    /** 1 shows the whole map. */
    this.zoom = 1;
    this.home = { x: 0.5, y: 0.5, zoom: 1 };
  }

  /** Where the middle of what is seen is on the screen. @returns {[number, number]} */
  get middle() {
    return [(this.width + this.covered.left) / 2, (this.height - this.covered.bottom) / 2];
  }

  get isHome() {
    const { home } = this;
    return this.zoom === home.zoom && this.x === home.x && this.y === home.y;
  }

  /** Pixels for the whole map. */
  get scale() {
    return MARGIN * Math.min(this.width - this.covered.left, this.height - this.covered.bottom) * this.zoom;
  }

  /**
   * Where a place of the map is on the screen.
   * @param {number} x
   * @param {number} y
   * @returns {[number, number]}
   */
  onScreen(x, y) {
    const [left, top] = this.middle;
    return [left + (x - this.x) * this.scale, top - (y - this.y) * this.scale];
  }

  /**
   * Which place of the map is at a point of the screen.
   * @param {number} left
   * @param {number} top
   * @returns {[number, number]}
   */
  onMap(left, top) {
    const [middleLeft, middleTop] = this.middle;
    return [this.x + (left - middleLeft) / this.scale, this.y - (top - middleTop) / this.scale];
  }

  /** @param {number} right in pixels @param {number} down */
  pan(right, down) {
    this.x = clamped(this.x - right / this.scale, 0, 1);
    this.y = clamped(this.y + down / this.scale, 0, 1);
  }

  /**
   * Zooms so that what is at a point of the screen stays there.
   * @param {number} factor
   * @param {number} [left]
   * @param {number} [top]
   */
  zoomBy(factor, left = this.middle[0], top = this.middle[1]) {
    const [x, y] = this.onMap(left, top);
    this.zoom = clamped(this.zoom * factor, FARTHEST, NEAREST);
    const [newX, newY] = this.onMap(left, top);
    this.x = clamped(this.x + x - newX, 0, 1);
    this.y = clamped(this.y + y - newY, 0, 1);
  }

  fit() {
    Object.assign(this, this.home);
  }

  /**
   * Shows these places, and some room around them.
   * @param {[number, number][]} places
   */
  show(places) {
    const [xs, ys] = [places.map(([x]) => x), places.map(([, y]) => y)];
    const [left, right, bottom, top] = [Math.min(...xs), Math.max(...xs), Math.min(...ys), Math.max(...ys)];
    this.x = (left + right) / 2;
    this.y = (bottom + top) / 2;
    this.zoom = clamped(0.6 / Math.max(right - left, top - bottom, 0.04), 1, NEAREST);
  }
}

/** @param {number} value @param {number} least @param {number} most */
function clamped(value, least, most) {
  return Math.min(Math.max(value, least), most);
}
