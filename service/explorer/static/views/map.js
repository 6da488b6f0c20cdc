/** All items in a plane: near each other where their vectors are. */

import { Camera } from "../map/camera.js";
import { distinctColors, noColor, rampColors } from "../map/colors.js";
import { webglDrawer } from "../map/draw.js";
import { listen } from "../map/gestures.js";
import { Names } from "../map/names.js";
import { drawOverlay } from "../map/overlay.js";
import { Pace } from "../map/pace.js";
import { colorChoice, itemCard, itemsCard, legend } from "../map/panel.js";
import { plainDrawer } from "../map/plain.js";
import { Points } from "../map/points.js";
import { segment } from "../api.js";
import { announce, debounced, h, nameOf } from "../dom.js";
import { address, note } from "../place.js";
import { withCode } from "../problem.js";
import { searchField } from "../search.js";
import { isDark, theme } from "../theme.js";

/** @typedef {import("../types.js").Context} Context */
/** @typedef {import("../types.js").Place} Place */
/** @typedef {import("../types.js").PlacedItem} PlacedItem */

const SIDE = 65535;
const REACH = 14; // pixels from the pointer to an item
const LISTED = 200;
const FOUND = 40; // items of a search that are lit up
const SIMILAR = 12;
const AT_REST = 140; // milliseconds

/** @type {import("../types.js").View} */
export const view = {
  title: "Map",
  async show(root, place, context) {
    if (!context.about.map) {
      root.replaceChildren(without());
      return;
    }
    root.classList.add("wide");
    root.replaceChildren(h("p", { class: "loading map-loading" }, `Loading ${context.about.items.toLocaleString("en")} items …`));
    const points = new Points(await context.api.bytes("explore/map", {}, context.signal));
    context.signal.throwIfAborted();
    const map = new ItemMap(root, points, context);
    await map.open(place);
    return (to) => map.open(to);
  },
};

function without() {
  return h("section", { class: "card stack" }, h("h1", {}, "Map"), h("p", { class: "empty" },
    withCode("This model has no map. Train it again with `map.positions = true`; a model of fewer than ten items never has one.")));
}

class ItemMap {
  /**
   * @param {HTMLElement} root
   * @param {Points} points
   * @param {Context} context
   */
  constructor(root, points, context) {
    this.points = points;
    this.context = context;
    this.camera = new Camera();
    this.pace = new Pace();
    this.names = new Names(context, () => this.redraw());
    this.color = "";
    this.only = -1;
    this.isDrawing = false;
    this.isMoving = false;
    this.frame = 0;
    this.params = { item: "", q: "" };
    /** @type {import("../map/overlay.js").Marks} */
    this.marks = { center: -1, lit: [], hovered: -1, lasso: [], isFocused: false, clusters: this.clusters(), name: (row) => this.names.name(row) };
    this.groups = new Uint8Array(points.count);
    this.canvas = h("canvas", { class: "map-points" });
    this.overlay = h("canvas", { class: "map-overlay" });
    const { element } = searchField({ api: context.api, label: "Find on the map", placeholder: "Find on the map",
      onpick: (item) => void this.choose(item.item_id), onenter: (query) => void this.find(query) });
    this.chosen = h("div", { class: "map-chosen" });
    this.legend = h("div", {});
    const panel = h("aside", { class: "map-panel card stack", "aria-label": "Search and colors" }, element, this.chosen,
      h("details", { class: "map-colors", open: innerWidth > 860 }, h("summary", {}, "Colors"), this.legend));
    this.drawButton = h("button", { "aria-pressed": "false", title: "Draw around items (or drag with Shift)", onclick: () => this.toggleDrawing() }, "Lasso");
    const tools = h("div", { class: "map-tools" }, this.drawButton,
      this.tool("+", "Zoom in", () => this.camera.zoomBy(1.6)), this.tool("−", "Zoom out", () => this.camera.zoomBy(1 / 1.6)),
      this.tool("⤢", "Show all", () => this.camera.fit()));
    this.stage = h("div", { class: "map-stage", tabindex: "0", role: "application", "aria-label":
      `Map of ${points.count.toLocaleString("en")} items. Arrow keys move it, plus and minus zoom, 0 shows all, Enter picks the item in the middle.` },
    this.canvas, this.overlay);
    root.replaceChildren(h("h1", { class: "unseen" }, "Map"), h("div", { class: "map" }, this.stage, panel, tools));
    this.drawer = webglDrawer(this.canvas, points, () => this.dress()) ?? plainDrawer(this.canvas, points);
    this.rest = debounced(() => { this.isMoving = false; this.keep(); this.redraw(); }, AT_REST);
    this.panel = panel;
    this.listen();
    const [left, bottom, right, top] = points.extent();
    this.camera.home = { x: (left + right) / 2, y: (bottom + top) / 2, zoom: 1 / Math.max(right - left, top - bottom, 0.1) };
    this.camera.fit();
  }

  clusters() {
    const groups = this.context.about.map?.groups ?? [];
    return [...groups].sort((a, b) => b.items - a.items).map(({ name, x, y }) => ({ name, x: x / SIDE, y: y / SIDE }));
  }

  /** @param {string} text @param {string} label @param {() => void} act */
  tool(text, label, act) {
    return h("button", { class: "icon", title: label, "aria-label": label, onclick: () => { act(); this.moved(); } }, text);
  }

  listen() {
    const { signal } = this.context;
    listen(this.stage, {
      camera: this.camera,
      isDrawing: () => this.isDrawing,
      onmove: () => this.moved(),
      onhover: (left, top) => this.hover(this.rowAt(left, top)),
      onleave: () => this.hover(-1),
      onpick: (left, top) => void this.pick(left, top),
      ondraw: (line) => { this.marks.lasso = line; this.redraw(); },
      onring: (line) => void this.ring(line),
    });
    this.stage.addEventListener("focus", () => { this.marks.isFocused = this.stage.matches(":focus-visible"); this.redraw(); });
    this.stage.addEventListener("blur", () => { this.marks.isFocused = false; this.redraw(); });
    const watch = new ResizeObserver(() => this.resize());
    for (const part of [this.stage, this.panel]) watch.observe(part); // the panel covers the stage
    signal.addEventListener("abort", () => { watch.disconnect(); cancelAnimationFrame(this.frame); });
    theme.addEventListener("change", () => this.dress(), { signal });
    this.resize();
  }

  resize() {
    const { clientWidth: width, clientHeight: height } = this.stage;
    const isWide = this.panel.offsetWidth < width / 2;
    const covered = isWide ? { left: this.panel.offsetLeft + this.panel.offsetWidth, bottom: 0 }
      : { left: 0, bottom: Math.min(this.panel.offsetHeight, height / 2) };
    Object.assign(this.camera, { width: Math.max(width, 1), height: Math.max(height, 1), covered });
    for (const canvas of [this.canvas, this.overlay]) {
      canvas.width = Math.round(width * devicePixelRatio);
      canvas.height = Math.round(height * devicePixelRatio);
    }
    this.redraw();
  }

  /** @param {Place} place */
  async open({ params }) {
    const [x, y, zoom] = (params.get("at") ?? "").split(",").map(Number);
    if (zoom > 0 && Number.isFinite(x + y)) Object.assign(this.camera, { x, y, zoom });
    const color = params.get("color") ?? "";
    const column = this.context.about.columns.find(({ name }) => name === color);
    const groups = (column ? column.groups : this.context.about.map?.groups ?? []).length;
    const only = Number(params.get("only") ?? -1);
    await this.colorBy(column?.name ?? "", only < groups ? only : -1);
    const moves = !(zoom > 0);
    if (params.get("item")) await this.choose(params.get("item") ?? "", moves);
    else if (params.get("q")) await this.find(params.get("q") ?? "", moves);
    else this.clear();
  }

  /** Notes in the address what is seen. */
  keep() {
    if (this.context.signal.aborted) return;
    const { x, y, zoom } = this.camera;
    note(address("map", "", { ...this.params, color: this.color, only: this.only >= 0 ? this.only : null,
      at: this.camera.isHome ? null : [x.toFixed(4), y.toFixed(4), zoom.toPrecision(3)].join(",") }));
  }

  moved() {
    this.isMoving = true;
    this.redraw();
    this.rest();
  }

  redraw() {
    this.frame ||= requestAnimationFrame((now) => {
      this.frame = 0;
      this.drawer.draw(this.camera, this.isMoving ? this.pace.frame(now) : Infinity);
      const missing = drawOverlay(this.overlay, this.camera, this.points, this.marks);
      if (!this.isMoving) this.names.want(missing);
    });
  }

  // Colors

  /**
   * @param {string} column
   * @param {number} [only]
   */
  async colorBy(column, only = -1) {
    const { api, signal } = this.context;
    this.color = column;
    this.only = only;
    if (column) this.groups = new Uint8Array(await api.bytes("explore/colors", { column }, signal));
    else for (let row = 0; row < this.points.count; row++) this.groups[row] = this.points.cluster(row);
    this.dress();
  }

  dress() {
    const { about } = this.context;
    const column = about.columns.find(({ name }) => name === this.color);
    const names = column ? column.groups : (about.map?.groups ?? []).map(({ name }) => name);
    const colors = column?.kind === "number" ? rampColors(names.length) : distinctColors(names.length);
    const counts = new Array(256).fill(0);
    for (const group of this.groups) counts[group]++;
    this.drawer.dress({ groups: this.groups, colors, noColor: noColor(), only: this.only, isDark: isDark() });
    const choice = colorChoice(about, this.color, (chosen) => void this.colorBy(chosen).then(() => this.keep()));
    const groups = legend(names, counts, colors, this.only, (group) => {
      this.only = group;
      this.keep();
      this.dress();
    });
    const had = document.activeElement?.closest(".map-legend button, #map-color");
    const place = had ? [...this.legend.querySelectorAll("select, button")].indexOf(had) : -1;
    this.legend.replaceChildren(choice, groups);
    if (place >= 0) /** @type {HTMLElement | undefined} */ (this.legend.querySelectorAll("select, button")[place])?.focus();
    this.redraw();
  }

  /** @param {number} row */
  isShown(row) {
    return this.only < 0 || this.groups[row] === this.only;
  }

  // Items

  /** @param {number} left @param {number} top */
  rowAt(left, top) {
    return this.points.nearest(...this.camera.onMap(left, top), REACH / this.camera.scale, (row) => this.isShown(row));
  }

  /** @param {number} row */
  hover(row) {
    if (row === this.marks.hovered) return;
    this.marks.hovered = row;
    this.stage.classList.toggle("over-item", row >= 0);
    this.redraw();
  }

  /** @param {number} left @param {number} top */
  async pick(left, top) {
    const row = this.rowAt(left, top);
    if (row < 0) return;
    const [item] = await this.names.learn([row]);
    if (item) this.showItem(item);
  }

  /**
   * @param {PlacedItem} item
   * @param {boolean} [moves] whether the map moves there
   */
  showItem(item, moves = false) {
    if (item.row === null) return;
    this.params = { item: item.item_id, q: "" };
    this.light(item.row, [], moves);
    this.chosen.replaceChildren(itemCard(item, () => void this.choose(item.item_id), () => this.clear()));
    announce(nameOf(item));
    this.keep();
  }

  /**
   * Lights up an item and what is similar to it.
   * @param {string} id
   * @param {boolean} [moves]
   */
  async choose(id, moves = true) {
    const { api, signal } = this.context;
    const { items: [item] } = await api.get("explore/items", { id }, signal);
    if (!item || item.row === null) {
      this.chosen.replaceChildren(h("p", { class: "empty" }, item ? `${nameOf(item)} is not trained: it is not on the map.` : `No item has the id “${id}”.`));
      return;
    }
    this.names.items.set(item.row, item);
    this.showItem(item);
    const answer = await api.get(`similar/${segment(id)}`, { k: SIMILAR }, signal);
    const similar = await this.placed(answer.items.map((/** @type {PlacedItem} */ one) => one.item_id));
    this.light(item.row, similar.map((one) => one.row ?? 0), moves);
    this.chosen.append(this.list({ title: "Similar", items: similar, count: similar.length, file: `similar-${id}` }));
    this.keep();
  }

  /**
   * Lights up what a search finds.
   * @param {string} query
   * @param {boolean} [moves]
   */
  async find(query, moves = true) {
    const { api, about, signal } = this.context;
    const answer = await api.get("items", { q: query, k: Math.min(FOUND, about.max_k) }, signal);
    const items = await this.placed(answer.items.filter((/** @type {PlacedItem} */ one) => one.trained).map((/** @type {PlacedItem} */ one) => one.item_id));
    this.params = { item: "", q: query };
    this.light(-1, items.map((one) => one.row ?? 0), moves && items.length > 0);
    this.chosen.replaceChildren(this.list({ title: items.length ? `“${query}”` : `Nothing is called “${query}”`, items, count: items.length, file: "found" }));
    announce(`${items.length} items`);
    this.keep();
  }

  /**
   * Items with their rows.
   * @param {string[]} ids
   * @returns {Promise<PlacedItem[]>}
   */
  async placed(ids) {
    if (!ids.length) return [];
    const { items } = await this.context.api.get("explore/items", { id: ids }, this.context.signal);
    for (const item of items) this.names.items.set(item.row, item);
    return items;
  }

  /**
   * @param {number} center
   * @param {number[]} lit
   * @param {boolean} moves
   */
  light(center, lit, moves) {
    Object.assign(this.marks, { center, lit, lasso: [] });
    const rows = center >= 0 ? [center, ...lit] : lit;
    if (moves && rows.length) {
      this.camera.show(rows.map((row) => [this.points.x(row), this.points.y(row)]));
      this.moved();
    } else this.redraw();
  }

  clear() {
    this.params = { item: "", q: "" };
    this.chosen.replaceChildren();
    this.light(-1, [], false);
    this.keep();
  }

  // Lasso

  toggleDrawing() {
    this.isDrawing = !this.isDrawing;
    this.drawButton.setAttribute("aria-pressed", String(this.isDrawing));
    this.stage.classList.toggle("drawing", this.isDrawing);
  }

  /** @param {[number, number][]} line on the screen */
  async ring(line) {
    if (this.isDrawing) this.toggleDrawing();
    const rows = this.points.within(line.map(([left, top]) => this.camera.onMap(left, top)), (row) => this.isShown(row));
    const items = await this.names.learn(rows.slice(0, LISTED));
    this.params = { item: "", q: "" };
    this.light(-1, rows.slice(0, LISTED), false);
    this.marks.lasso = [...line, line[0]];
    this.chosen.replaceChildren(this.list({ title: `${rows.length.toLocaleString("en")} items`, items, count: rows.length, file: "lasso" }));
    announce(`${rows.length} items within the line`);
    this.redraw();
  }

  /** @param {{title: string, items: PlacedItem[], count: number, file: string}} what */
  list(what) {
    return itemsCard({ ...what, onpick: (item) => void this.choose(item.item_id), onclose: () => this.clear(),
      onpoint: (item) => this.hover(item?.row ?? -1) });
  }
}
