/** Makes elements. */

/** @typedef {Node | string | number | null | undefined | false} Child */

/**
 * An element with properties and children.
 * `on…` are listeners, `class` and others attributes; true is an attribute without a value.
 * @template {keyof HTMLElementTagNameMap} Tag
 * @param {Tag} tag
 * @param {Record<string, any>} [properties]
 * @param {...(Child | Child[])} children
 * @returns {HTMLElementTagNameMap[Tag]}
 */
export function h(tag, properties = {}, ...children) {
  return filled(document.createElement(tag), properties, children);
}

/**
 * The same for SVG.
 * @template {keyof SVGElementTagNameMap} Tag
 * @param {Tag} tag
 * @param {Record<string, any>} [properties]
 * @param {...(Child | Child[])} children
 * @returns {SVGElementTagNameMap[Tag]}
 */
export function svg(tag, properties = {}, ...children) {
  return filled(document.createElementNS("http://www.w3.org/2000/svg", tag), properties, children);
}

/**
 * @template {Element} T
 * @param {T} element
 * @param {Record<string, any>} properties
 * @param {(Child | Child[])[]} children
 * @returns {T}
 */
function filled(element, properties, children) {
  for (const [name, value] of Object.entries(properties)) {
    if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
    else if (name === "style") setStyles(/** @type {any} */ (element), value);
    else if (value === true) element.setAttribute(name, "");
    else if (value !== false && value != null) element.setAttribute(name, String(value));
  }
  element.append(...children.flat().filter(isShown).map((child) => child instanceof Node ? child : String(child)));
  return element;
}

/**
 * Styles one by one: the content security policy forbids the attribute.
 * @param {ElementCSSInlineStyle} element
 * @param {Record<string, string | number>} styles
 */
function setStyles(element, styles) {
  for (const [name, value] of Object.entries(styles)) element.style.setProperty(name, String(value));
}

/**
 * @param {Child} child
 * @returns {child is Node | string | number}
 */
function isShown(child) {
  return child != null && child !== false;
}

/**
 * Says something to a screen reader.
 * @param {string} sentence
 */
export function announce(sentence) {
  const status = document.getElementById("status");
  if (status) status.textContent = sentence;
}

/**
 * An item by name: its title, else its id.
 * @param {{item_id: string, title?: string | null}} item
 */
export function nameOf(item) {
  return item.title || item.item_id;
}

/**
 * Waits until calls have stopped for a while, then makes the last one.
 * @template {any[]} A
 * @param {(...args: A) => void} call
 * @param {number} milliseconds
 * @returns {(...args: A) => void}
 */
export function debounced(call, milliseconds) {
  let timer = 0;
  return (...args) => {
    clearTimeout(timer);
    timer = window.setTimeout(() => call(...args), milliseconds);
  };
}
