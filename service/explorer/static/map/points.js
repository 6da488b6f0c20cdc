/** Every item of the map: 6 bytes each, and a grid to find them by place. */

export const POINT = 6; // bytes: x and y as uint16, cluster and count as uint8
const SIDE = 65535;
const POINTS_OF_A_CELL = 4;
const SAMPLED = 5000; // items that tell where most of them lie
const OUTLYING = 0.01; // share of items on each side that the first view may leave out

export class Points {
  /** @param {ArrayBuffer} bytes as `GET /explore/map` answers, the lowest byte first */
  constructor(bytes) {
    this.bytes = bytes;
    this.count = Math.floor(bytes.byteLength / POINT);
    this.words = new Uint16Array(bytes, 0, 3 * this.count);
    this.side = 2 ** Math.max(0, Math.min(10, Math.round(Math.log2(this.count / POINTS_OF_A_CELL) / 2)));
    const { starts, order } = sorted(this.words, this.count, this.side);
    this.starts = starts;
    this.order = order;
  }

  /** From left to right, 0 to 1. @param {number} row */
  x(row) {
    return this.words[3 * row] / SIDE;
  }

  /** From bottom to top, 0 to 1. @param {number} row */
  y(row) {
    return this.words[3 * row + 1] / SIDE;
  }

  /** @param {number} row */
  cluster(row) {
    return this.words[3 * row + 2] & 255;
  }

  /**
   * The rectangle that nearly all items lie in: left, bottom, right, top.
   * @returns {[number, number, number, number]}
   */
  extent() {
    const step = Math.ceil(this.count / SAMPLED);
    const rows = Array.from({ length: Math.ceil(this.count / step) }, (_, place) => place * step);
    const [xs, ys] = [rows.map((row) => this.x(row)), rows.map((row) => this.y(row))].map((values) => values.sort((a, b) => a - b));
    const cut = Math.floor(rows.length * OUTLYING);
    const last = rows.length - 1 - cut;
    return [xs[cut], ys[cut], xs[last], ys[last]];
  }

  /**
   * The row of the nearest item within a distance, −1 if there is none.
   * @param {number} x
   * @param {number} y
   * @param {number} distance
   * @param {(row: number) => boolean} [isShown]
   */
  nearest(x, y, distance, isShown = () => true) {
    let found = -1;
    let least = distance * distance;
    this.visit(x - distance, y - distance, x + distance, y + distance, (row) => {
      const apart = (this.x(row) - x) ** 2 + (this.y(row) - y) ** 2;
      if (apart < least && isShown(row)) {
        least = apart;
        found = row;
      }
    });
    return found;
  }

  /**
   * Rows within a polygon, the most frequent item first.
   * @param {[number, number][]} polygon
   * @param {(row: number) => boolean} isShown
   * @returns {number[]}
   */
  within(polygon, isShown) {
    const [xs, ys] = [polygon.map(([x]) => x), polygon.map(([, y]) => y)];
    /** @type {number[]} */
    const rows = [];
    this.visit(Math.min(...xs), Math.min(...ys), Math.max(...xs), Math.max(...ys), (row) => {
      if (isShown(row) && isInside(polygon, this.x(row), this.y(row))) rows.push(row);
    });
    return rows.sort((a, b) => a - b);
  }

  /**
   * Calls with every row in the cells of a rectangle.
   * @param {number} left
   * @param {number} bottom
   * @param {number} right
   * @param {number} top
   * @param {(row: number) => void} call
   */
  visit(left, bottom, right, top, call) {
    const { side, starts, order } = this;
    const [first, last] = [cell(left, side), cell(right, side)];
    for (let line = cell(bottom, side); line <= cell(top, side); line++) {
      for (let place = starts[line * side + first]; place < starts[line * side + last + 1]; place++) call(order[place]);
    }
  }
}

/**
 * @param {number} value from 0 to 1
 * @param {number} side
 */
function cell(value, side) {
  return Math.min(side - 1, Math.max(0, Math.floor(value * side)));
}

/**
 * Rows by cells, by counting: those of cell c are `order[starts[c]]` to `order[starts[c + 1]]`.
 * @param {Uint16Array} words
 * @param {number} count
 * @param {number} side
 */
function sorted(words, count, side) {
  const cells = new Uint32Array(count);
  const starts = new Uint32Array(side * side + 1);
  for (let row = 0; row < count; row++) {
    cells[row] = cell(words[3 * row + 1] / SIDE, side) * side + cell(words[3 * row] / SIDE, side);
    starts[cells[row] + 1]++;
  }
  for (let place = 1; place <= side * side; place++) starts[place] += starts[place - 1];
  const next = starts.slice();
  const order = new Uint32Array(count);
  for (let row = 0; row < count; row++) order[next[cells[row]]++] = row;
  return { starts, order };
}

/**
 * Whether a ray from a point crosses the border an odd number of times.
 * @param {[number, number][]} polygon
 * @param {number} x
 * @param {number} y
 */
function isInside(polygon, x, y) {
  let inside = false;
  for (let one = 0, other = polygon.length - 1; one < polygon.length; other = one++) {
    const [ax, ay] = polygon[one];
    const [bx, by] = polygon[other];
    if (ay > y !== by > y && x < ((bx - ax) * (y - ay)) / (by - ay) + ax) inside = !inside;
  }
  return inside;
}
