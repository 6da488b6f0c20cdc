/** The nights one after another: what the gate measured, and what became of each. */

import { svg } from "../dom.js";
import { apart, linear, ticks } from "./scale.js";

/**
 * @typedef {object} Figure
 * @property {string} metric
 * @property {number} value
 * @property {number} low
 * @property {number} high
 * @property {Record<string, number>} others
 */
/**
 * @typedef {object} Night
 * @property {string} started
 * @property {string} ended
 * @property {"published" | "refused" | "failed"} outcome
 * @property {number} exit_code
 * @property {string | null} version
 * @property {string} why
 * @property {Record<string, Figure>} figures
 */
/** @typedef {(value: number) => number} Scale */

const [HEIGHT, TOP, LEFT] = [280, 12, 38];
const [DATES, LANE] = [28, 30]; // below the axis; nights without figures stand on a lane of their own
const LEAST = 7; // pixels a night
const OWN = "this model";

/**
 * The newest nights, as many as fit; arrow keys go from one to the next.
 * @param {Night[]} all the newest last
 * @param {string} name of the comparison
 * @param {number} width
 * @param {(night: Night) => void} onpoint
 */
export function nightsChart(all, name, width, onpoint) {
  const others = [...new Set(all.flatMap((night) => Object.keys(night.figures[name]?.others ?? {})))];
  const right = width - Math.max(OWN.length, ...others.map((other) => other.length)) * 6.6 - 16;
  const nights = all.slice(-Math.max(1, Math.floor((right - LEFT) / LEAST)));
  const figures = nights.map((night) => night.figures[name]);
  const axis = HEIGHT - DATES - (figures.every(Boolean) ? 0 : LANE);
  const highest = 1.04 * Math.max(1e-6, ...figures.flatMap((one) => one ? [one.high, ...Object.values(one.others)] : []));
  const up = linear(0, highest, axis, TOP);
  const across = linear(-0.5, nights.length - 0.5, LEFT, right);
  const size = Math.min(5.5, (right - LEFT) / nights.length / 2.6);
  const guide = svg("line", { class: "guide", y1: TOP, y2: HEIGHT - DATES });
  const marks = nights.map((night, place) => mark(night, figures[place], across(place), up, size));
  const point = (/** @type {number} */ place) => {
    marks.forEach((one, index) => one.setAttribute("tabindex", index === place ? "0" : "-1"));
    for (const side of ["x1", "x2"]) guide.setAttribute(side, String(across(place)));
    onpoint(nights[place]);
  };
  marks.forEach((one, place) => one.addEventListener("focus", () => point(place)));
  point(nights.length - 1);
  /** @param {KeyboardEvent} event */
  const onkeydown = (event) => {
    const place = marks.indexOf(/** @type {SVGGElement} */ (event.target));
    const to = { ArrowLeft: place - 1, ArrowRight: place + 1, Home: 0, End: marks.length - 1 }[event.key];
    if (to === undefined) return;
    event.preventDefault();
    marks[to]?.focus();
  };
  /** @param {PointerEvent} event */
  const onpointermove = (event) => {
    const x = event.clientX - chart.getBoundingClientRect().left;
    point(Math.max(0, Math.min(nights.length - 1, Math.round(((x - LEFT) / (right - LEFT)) * nights.length - 0.5))));
  };
  const chart = svg("svg", { class: "chart nights", width, height: HEIGHT, viewBox: `0 0 ${width} ${HEIGHT}`, role: "group", onkeydown, onpointermove,
    onpointerdown: onpointermove, "aria-label": `${name}, ${nights.length < all.length ? `the last ${nights.length} nights` : "night after night"}` },
  ticks(0, highest).map(({ value, text }) => [
    svg("line", { class: "grid", x1: LEFT, x2: right, y1: up(value), y2: up(value) }),
    svg("text", { class: "tick", x: LEFT - 8, y: up(value) + 4, "text-anchor": "end" }, text)]).flat(),
  dates(nights, across, right - LEFT),
  guide,
  others.map((other, place) => curve(figures.map((one) => one?.others[other]), across, up, `of-model line-${place % 3}`)),
  curve(figures.map((one) => one?.value), across, up, "of-ours"),
  names(others, figures, right + 8, up, axis),
  marks);
  return chart;
}

/**
 * @param {Night[]} nights
 * @param {Scale} across
 * @param {number} width
 */
function dates(nights, across, width) {
  const every = Math.max(1, Math.ceil((nights.length * 60) / width));
  const isOneDay = nights.every((night) => night.started.slice(0, 10) === nights[0].started.slice(0, 10));
  return nights.map(({ started }, place) => (nights.length - 1 - place) % every === 0 ? svg("text", {
    class: "tick", x: across(place), y: HEIGHT - 8, "text-anchor": "middle" }, isOneDay ? started.slice(11, 16) : started.slice(5, 10)) : null);
}

/**
 * @param {(number | undefined)[]} values
 * @param {Scale} across
 * @param {Scale} up
 * @param {string} kind
 */
function curve(values, across, up, kind) {
  const points = values.flatMap((value, place) => value === undefined ? [] : [`${across(place)},${up(value)}`]);
  return svg("polyline", { class: `curve ${kind}`, points: points.join(" ") });
}

/**
 * The names of the models behind their lines.
 * @param {string[]} others
 * @param {(Figure | undefined)[]} figures
 * @param {number} x
 * @param {Scale} up
 * @param {number} axis
 */
function names(others, figures, x, up, axis) {
  const last = figures.findLast(Boolean);
  if (!last) return null;
  const values = [last.value, ...others.map((other) => last.others[other] ?? 0)];
  return apart(values.map((value) => up(value) + 4), 15, axis).map((y, place) =>
    svg("text", { class: place ? "tick" : "value ours of-text", x, y }, place ? others[place - 1] : OWN));
}

/**
 * A night: its interval and its mark.
 * @param {Night} night
 * @param {Figure | undefined} one
 * @param {number} x
 * @param {Scale} up
 * @param {number} size
 */
function mark(night, one, x, up, size) {
  const y = one ? up(one.value) : HEIGHT - DATES - LANE / 2;
  const shape = {
    published: `M-${size} 0a${size} ${size} 0 1 0 ${2 * size} 0a${size} ${size} 0 1 0-${2 * size} 0`,
    refused: `M0-${size * 1.2}L${size * 1.2} ${size}H-${size * 1.2}Z`,
    failed: `M-${size}-${size}L${size} ${size}M-${size} ${size}L${size}-${size}`,
  }[night.outcome];
  return svg("g", { class: `night ${night.outcome}${one ? "" : " unmeasured"}${size < 4 ? " small" : ""}`, tabindex: "-1", role: "img", "aria-label": sentence(night, one) },
    one && svg("line", { class: "interval", x1: x, x2: x, y1: up(one.low), y2: up(one.high), style: { "--thick": Math.min(4, size * 1.3) } }),
    svg("circle", { class: "reach", cx: x, cy: y, r: size + 5 }),
    svg("path", { class: "mark", d: shape, transform: `translate(${x} ${y})` }));
}

/**
 * What became of a night.
 * @param {Night} night
 * @param {Figure} [one]
 */
export function sentence(night, one) {
  const begun = night.started.slice(0, 16).replace("T", " ");
  const why = night.why.startsWith(`${night.outcome}:`) ? night.why : `${night.outcome}: ${night.why}`;
  const measured = one ? `; ${one.metric} ${one.value.toFixed(4)} (${one.low.toFixed(4)} to ${one.high.toFixed(4)})` : "";
  return `${begun}, ${why}${measured}`;
}
