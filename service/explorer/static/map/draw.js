/** Draws points by WebGL 2: one buffer with all of them, and a matrix. */

import { MOST_COLORS } from "./colors.js";
import { POINT } from "./points.js";

/** @typedef {import("./camera.js").Camera} Camera */
/** @typedef {import("./colors.js").Color} Color */
/** @typedef {import("./points.js").Points} Points */
/**
 * How points look.
 * @typedef {object} Look
 * @property {Uint8Array} groups of each point
 * @property {Color[]} colors of the groups
 * @property {Color} noColor of all other points
 * @property {number} only the group that is looked at, −1 for all
 * @property {boolean} isDark
 */

const VERTEX = `#version 300 es
in vec2 place;
in float count;
in float group;
uniform vec2 scale;
uniform vec2 shift;
uniform float size;
uniform float only;
uniform vec3 palette[${MOST_COLORS + 1}];
out vec3 color;
flat out float faded;
void main() {
  gl_Position = vec4(place * scale + shift, 0.0, 1.0);
  bool isOther = only >= 0.0 && group != only;
  gl_PointSize = isOther ? size * 0.6 : size * (0.75 + count / 110.0);
  color = palette[isOther || group >= ${MOST_COLORS}.0 ? ${MOST_COLORS} : int(group)];
  faded = isOther ? 0.25 : 1.0;
}`;
const FRAGMENT = `#version 300 es
precision mediump float;
in vec3 color;
flat in float faded;
uniform float alpha;
out vec4 pixel;
void main() {
  float far = length(gl_PointCoord - 0.5) * 2.0;
  float opacity = (1.0 - smoothstep(0.7, 1.0, far)) * alpha * faded;
  pixel = vec4(color * opacity, opacity);
}`;

/**
 * The drawer of a canvas; null where there is no WebGL 2.
 * @param {HTMLCanvasElement} canvas
 * @param {Points} points
 * @param {() => void} onrestored draws anew after the graphics card was lost
 */
export function webglDrawer(canvas, points, onrestored) {
  const gl = canvas.getContext("webgl2", { antialias: false, premultipliedAlpha: true, preserveDrawingBuffer: false });
  if (!gl) return null;
  let scene = new Scene(gl, points);
  canvas.addEventListener("webglcontextlost", (event) => event.preventDefault());
  canvas.addEventListener("webglcontextrestored", () => {
    scene = new Scene(gl, points);
    onrestored();
  });
  return {
    /** @param {Look} look */
    dress: (look) => scene.dress(look),
    /** @param {Camera} camera @param {number} most points that are drawn, the most frequent ones */
    draw: (camera, most) => scene.draw(camera, most),
  };
}

class Scene {
  /**
   * @param {WebGL2RenderingContext} gl
   * @param {Points} points
   */
  constructor(gl, points) {
    this.gl = gl;
    this.count = points.count;
    this.only = -1;
    this.program = linked(gl);
    gl.useProgram(this.program);
    gl.bindBuffer(gl.ARRAY_BUFFER, gl.createBuffer());
    gl.bufferData(gl.ARRAY_BUFFER, points.bytes, gl.STATIC_DRAW);
    this.attribute("place", 2, gl.UNSIGNED_SHORT, true, POINT, 0);
    this.attribute("count", 1, gl.UNSIGNED_BYTE, false, POINT, 5);
    this.groups = gl.createBuffer();
    gl.enable(gl.BLEND);
    gl.blendFunc(gl.ONE, gl.ONE_MINUS_SRC_ALPHA);
  }

  /**
   * @param {string} name
   * @param {number} size
   * @param {number} type
   * @param {boolean} normalized
   * @param {number} stride
   * @param {number} offset
   */
  attribute(name, size, type, normalized, stride, offset) {
    const place = this.gl.getAttribLocation(this.program, name);
    this.gl.enableVertexAttribArray(place);
    this.gl.vertexAttribPointer(place, size, type, normalized, stride, offset);
  }

  /** @param {string} name */
  uniform(name) {
    return this.gl.getUniformLocation(this.program, name);
  }

  /** @param {Look} look */
  dress({ groups, colors, noColor, only, isDark }) {
    const { gl } = this;
    gl.bindBuffer(gl.ARRAY_BUFFER, this.groups);
    gl.bufferData(gl.ARRAY_BUFFER, groups, gl.STATIC_DRAW);
    this.attribute("group", 1, gl.UNSIGNED_BYTE, false, 1, 0);
    const palette = Array.from({ length: MOST_COLORS + 1 }, (_, place) => (place < MOST_COLORS && colors[place]) || noColor);
    gl.uniform3fv(this.uniform("palette"), palette.flat().map((value) => value / 255));
    gl.uniform1f(this.uniform("only"), only);
    this.opacity = isDark ? 0.9 : 0.8;
  }

  /**
   * @param {Camera} camera
   * @param {number} most
   */
  draw(camera, most) {
    const { gl } = this;
    const ratio = gl.drawingBufferWidth / camera.width;
    gl.viewport(0, 0, gl.drawingBufferWidth, gl.drawingBufferHeight);
    gl.clear(gl.COLOR_BUFFER_BIT);
    const [across, up] = [(2 * camera.scale) / camera.width, (2 * camera.scale) / camera.height];
    gl.uniform2f(this.uniform("scale"), across, up);
    const [left, top] = camera.middle;
    gl.uniform2f(this.uniform("shift"), (2 * left) / camera.width - 1 - camera.x * across, 1 - (2 * top) / camera.height - camera.y * up);
    gl.uniform1f(this.uniform("size"), ratio * pointSize(this.count, camera.zoom));
    gl.uniform1f(this.uniform("alpha"), (this.opacity ?? 0.8) * density(this.count, camera.zoom));
    gl.drawArrays(gl.POINTS, 0, Math.min(this.count, most));
  }
}

/**
 * The size of a point in pixels: smaller where there are many, larger as one comes near.
 * @param {number} count
 * @param {number} zoom
 */
export function pointSize(count, zoom) {
  const alone = Math.min(7, Math.max(1.6, 260 / Math.sqrt(count)));
  return Math.min(14, alone * zoom ** 0.4);
}

/**
 * How opaque a point is: less where a great many lie upon each other.
 * @param {number} count
 * @param {number} zoom
 */
function density(count, zoom) {
  return Math.min(1, Math.max(0.35, Math.sqrt((60_000 * zoom) / count)));
}

/** @param {WebGL2RenderingContext} gl */
function linked(gl) {
  const program = gl.createProgram();
  for (const [type, source] of /** @type {[number, string][]} */ ([[gl.VERTEX_SHADER, VERTEX], [gl.FRAGMENT_SHADER, FRAGMENT]])) {
    const shader = /** @type {WebGLShader} */ (gl.createShader(type));
    gl.shaderSource(shader, source);
    gl.compileShader(shader);
    gl.attachShader(program, shader);
  }
  gl.linkProgram(program);
  if (!gl.getProgramParameter(program, gl.LINK_STATUS) && !gl.isContextLost()) throw new Error(gl.getProgramInfoLog(program) ?? "WebGL");
  return program;
}
