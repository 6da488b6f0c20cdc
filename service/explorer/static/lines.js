/** The request that gives the same answer, as a line for the shell and for Python. */

import { h } from "./dom.js";

/**
 * @typedef {object} Asked
 * @property {"GET" | "POST"} method
 * @property {URL} url
 * @property {object} [body]
 * @property {boolean} hasKey
 */

/**
 * What to type to get the same answer.
 * @param {Asked} asked
 * @returns {HTMLElement}
 */
export function requestLines(asked) {
  const pre = h("pre", { tabindex: "0", role: "group", "aria-label": "Request" });
  const ways = { curl: curl(asked), Python: python(asked) };
  /** @param {keyof typeof ways} name */
  const show = (name) => {
    pre.textContent = ways[name];
    for (const button of buttons) button.setAttribute("aria-pressed", String(button.textContent === name));
  };
  const buttons = /** @type {(keyof typeof ways)[]} */ (Object.keys(ways)).map((name) =>
    h("button", { onclick: () => show(name) }, name));
  const copy = h("button", { class: "small", onclick: async () => {
    await copyText(pre);
    copy.textContent = "Copied";
    setTimeout(() => { copy.textContent = "Copy"; }, 1500);
  } }, "Copy");
  show("curl");
  return h("details", { class: "lines" }, h("summary", {}, "The same by curl or Python"),
    h("div", { class: "stack" }, h("div", { class: "row" }, h("span", { class: "segments" }, buttons), copy), pre));
}

/**
 * Copies a text; without TLS, browsers have no clipboard but for what is selected.
 * @param {HTMLElement} element
 */
async function copyText(element) {
  if (navigator.clipboard) return navigator.clipboard.writeText(element.textContent ?? "");
  getSelection()?.selectAllChildren(element);
  document.execCommand("copy");
}

/** @param {string} text */
function quoted(text) {
  return `'${text.replaceAll("'", "'\\''")}'`;
}

/** @param {Asked} asked */
function curl({ url, body, hasKey }) {
  const parts = ["curl -s", quoted(url.href)];
  if (hasKey) parts.push('-H "X-API-Key: $ITEM2VEC_KEY"');
  if (body) parts.push("-H 'Content-Type: application/json'", `-d ${quoted(JSON.stringify(body))}`);
  return parts.join(" \\\n  ");
}

/** @param {Asked} asked */
function python({ method, url, body, hasKey }) {
  const lines = [`    ${JSON.stringify(url.href)},`];
  if (body) lines.push(`    json=${literal(body)},`);
  if (hasKey) lines.push('    headers={"X-API-Key": os.environ["ITEM2VEC_KEY"]},');
  return [...(hasKey ? ["import os", ""] : []), "import httpx", "", `answer = httpx.${method.toLowerCase()}(`, ...lines, ").json()"].join("\n");
}

/**
 * A value as Python writes it.
 * @param {any} value
 * @returns {string}
 */
function literal(value) {
  if (value === null) return "None";
  if (value === true) return "True";
  if (value === false) return "False";
  if (Array.isArray(value)) return `[${value.map(literal).join(", ")}]`;
  if (typeof value !== "object") return JSON.stringify(value);
  return `{${Object.entries(value).map(([name, one]) => `${JSON.stringify(name)}: ${literal(one)}`).join(", ")}}`;
}
