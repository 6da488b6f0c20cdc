/** The nights one after another: what the gate measured, and what became of each. */

import { svg } from "../dom.js";
import { figure, linear, ticks } from "./scale.js";

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

const HEIGHT = 230;
const [LEFT, RIGHT, TOP, BOTTOM] = [44, 14, 10, 34];
const MARKS = { published: "●", refused: "▲", failed: "✕" };

/**
 * @param {Night[]} nights the newest last
 * @param {string} name of the comparison
 * @param {number} width
 * @param {(night: Night) => void} onpoint
 */
export function nightsChart(nights, name, width, onpoint) {
  const figures = nights.map((night) => night.figures[name]);
  const highest = Math.max(1e-6, ...figures.flatMap((one) => one ? [one.high, ...Object.values(one.others)] : []));
  const up = linear(0, highest, HEIGHT - BOTTOM, TOP);
  const across = linear(-0.5, nights.length - 0.5, LEFT, width - RIGHT);
  const others = [...new Set(figures.flatMap((one) => Object.keys(one?.others ?? {})))];
  return svg("svg", { class: "chart nights", width, height: HEIGHT, viewBox: `0 0 ${width} ${HEIGHT}`, role: "group",
    "aria-label": `${name}, night after night` },
  ticks(0, highest, 4).map((value) => [
    svg("line", { class: "grid", x1: LEFT, x2: width - RIGHT, y1: up(value), y2: up(value) }),
    svg("text", { class: "tick", x: LEFT - 8, y: up(value) + 4, "text-anchor": "end" }, figure(value))]).flat(),
  dates(nights, across, width),
  others.map((other) => curve(figures.map((one) => one?.others[other]), across, up, "of-model")),
  curve(figures.map((one) => one?.value), across, up, "of-ours"),
  others.map((other) => named(other, figures, across, up)),
  nights.map((night, place) => mark(night, figures[place], across(place), up, onpoint)));
}

/**
 * @param {Night[]} nights
 * @param {(place: number) => number} across
 * @param {number} width
 */
function dates(nights, across, width) {
  const every = Math.max(1, Math.ceil((nights.length * 70) / width));
  return nights.map((night, place) => (nights.length - 1 - place) % every === 0 ? svg("text", {
    class: "tick", x: across(place), y: HEIGHT - 10, "text-anchor": "middle" }, shortTime(night.started, nights)) : null);
}

/**
 * The day of a night; the time of it where all are of one day.
 * @param {string} time
 * @param {Night[]} nights
 */
function shortTime(time, nights) {
  const isOneDay = nights.every((night) => night.started.slice(0, 10) === nights[0].started.slice(0, 10));
  return isOneDay ? time.slice(11, 16) : time.slice(5, 10);
}

/**
 * @param {(number | undefined)[]} values
 * @param {(place: number) => number} across
 * @param {(value: number) => number} up
 * @param {string} kind
 */
function curve(values, across, up, kind) {
  const points = values.flatMap((value, place) => value === undefined ? [] : [`${across(place)},${up(value)}`]);
  return svg("polyline", { class: `curve ${kind}`, points: points.join(" "), fill: "none" });
}

/**
 * The name of a model at the end of its line.
 * @param {string} other
 * @param {(Figure | undefined)[]} figures
 * @param {(place: number) => number} across
 * @param {(value: number) => number} up
 */
function named(other, figures, across, up) {
  const last = figures.findLastIndex((one) => one?.others[other] !== undefined);
  const value = figures[last]?.others[other];
  return value === undefined ? null : svg("text", { class: "value", x: across(last), y: up(value) - 7, "text-anchor": "middle" }, other);
}

/**
 * A night: its interval and its mark; one without figures stands on the axis.
 * @param {Night} night
 * @param {Figure | undefined} one
 * @param {number} x
 * @param {(value: number) => number} up
 * @param {(night: Night) => void} onpoint
 */
function mark(night, one, x, up, onpoint) {
  const y = up(one?.value ?? 0);
  const point = () => onpoint(night);
  return svg("g", { class: `night ${night.outcome}`, tabindex: "0", role: "img", "aria-label": sentence(night, one), onfocus: point, onpointerenter: point },
    one && svg("line", { class: "interval", x1: x, x2: x, y1: up(one.low), y2: up(one.high) }),
    svg("circle", { class: "reach", cx: x, cy: y, r: 16 }),
    svg("text", { class: "mark", x, y: y + 5, "text-anchor": "middle" }, MARKS[night.outcome]),
    svg("title", {}, sentence(night, one)));
}

/**
 * What became of a night.
 * @param {Night} night
 * @param {Figure} [one]
 */
export function sentence(night, one) {
  const begun = night.started.slice(0, 16).replace("T", " ");
  const measured = one ? `; ${one.metric} ${one.value.toFixed(4)} (${one.low.toFixed(4)} to ${one.high.toFixed(4)})` : "";
  return `${begun}, ${night.outcome}: ${night.why}${measured}`;
}
