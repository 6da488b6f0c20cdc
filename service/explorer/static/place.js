/** Where the page is, as an address that can be sent to a colleague. */

/** @typedef {import("./types.js").Place} Place */

const FORM = /^([a-z]+)(?:=([^?]*))?(?:\?(.*))?$/s;

/**
 * The place that an address names: `#item=85123A`, `#taste?like=85123A&relation=next`.
 * @param {string} hash
 * @returns {Place}
 */
export function placeOf(hash) {
  const [, view = "search", id = "", query = ""] = FORM.exec(hash.slice(1)) ?? [];
  return { view, id: decoded(id), params: new URLSearchParams(query) };
}

/** @param {string} text */
function decoded(text) {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

/**
 * The address of a place; parameters that are null, undefined or empty are left out.
 * @param {string} view
 * @param {string} [id]
 * @param {Record<string, string | number | string[] | null | undefined>} [params]
 * @returns {string}
 */
export function address(view, id = "", params = {}) {
  const query = new URLSearchParams();
  for (const [name, value] of Object.entries(params)) {
    for (const one of Array.isArray(value) ? value : [value]) {
      if (one != null && one !== "") query.append(name, String(one));
    }
  }
  const text = query.toString();
  return `#${view}${id && `=${encodeURIComponent(id)}`}${text && `?${text}`}`;
}

/**
 * Goes to an address.
 * @param {string} to
 */
export function go(to) {
  location.hash = to;
}

/**
 * Notes an address without a step back to the one before, and without showing it anew.
 * @param {string} to
 */
export function note(to) {
  history.replaceState(history.state, "", to);
}
