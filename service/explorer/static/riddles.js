/** Finds analogies to begin with in a catalogue that nobody has looked at. */

/** @typedef {{item_id: string, title?: string | null}} Named */
/** @typedef {[one: Named, less: Named, other: Named]} Riddle */
/** @typedef {import("./types.js").Context} Context */

const NEIGHBORS = 30; // of each example
const TRIED = 6; // pairs of words
const FOUND = 50; // items called after a word
const SHOWN = 3;

/**
 * Up to three sums that should make sense: two variants of one thing, and another thing in the second variant.
 * Titles that differ in a word tell variants; without any, neighbors of frequent items stand for them.
 * @param {Context} context
 * @returns {Promise<Riddle[]>}
 */
export async function examplesOf({ api, about, signal }) {
  const items = about.examples;
  const { answers } = await api.send("POST", "similar", { items: items.map((item) => item.item_id), k: Math.min(NEIGHBORS, about.max_k) }, signal);
  const groups = items.map((item, place) => /** @type {Named[]} */ ([item, ...(answers[place].items ?? [])]));
  const pairs = groups.flatMap(variants).slice(0, TRIED);
  const riddles = await Promise.all(pairs.map((pair) => withThird(pair, { api, about, signal })));
  const good = riddles.filter((riddle) => riddle !== null);
  return (good.length ? good : plain(groups)).slice(0, SHOWN);
}

/** @typedef {{one: Named, less: Named, word: string, instead: string}} Variants */

/**
 * Pairs of items whose titles differ in one word; each pair of words once.
 * @param {Named[]} group
 * @returns {Variants[]}
 */
function variants(group) {
  /** @type {Map<string, Variants>} */
  const found = new Map();
  for (const one of group) {
    for (const less of group) {
      const words = differing(one.title ?? "", less.title ?? "");
      if (words && !found.has([...words].sort().join())) {
        found.set([...words].sort().join(), { one, less, word: words[0], instead: words[1] });
      }
    }
  }
  return [...found.values()].slice(0, 2);
}

/**
 * The words in which two titles differ, if it is one in each.
 * @param {string} first
 * @param {string} second
 * @returns {[string, string] | null}
 */
function differing(first, second) {
  const [one, other] = [first, second].map((title) => title.split(/\s+/));
  if (one.length !== other.length || one.length < 2) return null;
  const places = one.flatMap((word, place) => word === other[place] ? [] : [place]);
  if (places.length !== 1) return null;
  const [word, instead] = [one[places[0]], other[places[0]]];
  return word.length > 2 && instead.length > 2 ? [word, instead] : null;
}

/**
 * Another thing that comes in both variants.
 * @param {Variants} pair
 * @param {Context} context
 * @returns {Promise<Riddle | null>}
 */
async function withThird({ one, less, word, instead }, { api, about, signal }) {
  const [have, want] = await Promise.all([instead, word].map((q) => api.get("items", { q, k: Math.min(FOUND, about.max_k) }, signal)));
  const titles = new Set(want.items.map((/** @type {Named} */ item) => item.title));
  const other = have.items.find((/** @type {import("./types.js").Item} */ item) => item.trained && item.title
    && item.item_id !== less.item_id && titles.has(item.title.replace(instead, word)) && item.title.includes(instead));
  return other ? [one, less, other] : null;
}

/**
 * What is to one frequent item as a neighbor is to another?
 * @param {Named[][]} groups
 * @returns {Riddle[]}
 */
function plain(groups) {
  return groups.slice(0, -1).flatMap((group, place) =>
    group.length > 1 ? [/** @type {Riddle} */ ([group[1], group[0], groups[place + 1][0]])] : []);
}
