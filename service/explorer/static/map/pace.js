/** How many points are drawn while the map moves: as many as this machine draws smoothly. */

const [FEWEST, MOST] = [6_000, 300_000];
const [SMOOTH, SLOW] = [18, 24]; // milliseconds from one frame to the next
const PAUSE = 200; // milliseconds without a frame are no slow frame

export class Pace {
  constructor() {
    this.most = 100_000;
    this.last = 0;
  }

  /**
   * Notes a frame that moves the map.
   * @param {number} now in milliseconds
   * @returns {number} how many points to draw
   */
  frame(now) {
    const gap = now - this.last;
    this.last = now;
    if (gap > SLOW && gap < PAUSE) this.most = Math.max(FEWEST, Math.round(this.most * 0.7));
    else if (gap < SMOOTH) this.most = Math.min(MOST, Math.round(this.most * 1.05));
    return this.most;
  }
}
