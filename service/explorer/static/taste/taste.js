/** A taste: what is liked and disliked, and how it is to be answered; as an address and as a request. */

import { address } from "../place.js";

/** @typedef {import("../types.js").Relation} Relation */
/** @typedef {import("../types.js").About} About */
/**
 * An item that is liked or disliked, and how much.
 * @typedef {{id: string, weight: number}} Part
 */
/**
 * @typedef {object} Taste
 * @property {Part[]} likes the newest last
 * @property {Part[]} dislikes
 * @property {Relation} relation
 * @property {number | null} decay null: the model's own
 * @property {number} diversity
 * @property {string} filter
 * @property {number} minCount
 * @property {number} tastes
 * @property {boolean} seen whether liked items may be answered
 * @property {number} k
 */

const WEIGHTED = /^(.+):(\d+(?:\.\d+)?)$/s;
export const LENGTHS = [10, 20, 50];

/**
 * @param {URLSearchParams} params
 * @param {About} about
 * @returns {Taste}
 */
export function tasteOf(params, about) {
  const wanted = params.get("relation") ?? "similar";
  return {
    likes: params.getAll("like").map(part),
    dislikes: params.getAll("dislike").map(part),
    relation: about.relations.find((relation) => relation === wanted) ?? "similar",
    decay: params.has("decay") ? number(params, "decay", 1, 0, 1) : null,
    diversity: number(params, "diversity", 0, 0, 1),
    filter: params.get("filter") ?? "",
    minCount: Math.round(number(params, "min_count", 1, 1, 1e9)),
    tastes: Math.round(number(params, "tastes", 1, 1, 5)),
    seen: params.get("seen") === "1",
    k: Math.min(LENGTHS.find((k) => String(k) === params.get("k")) ?? LENGTHS[0], about.max_k),
  };
}

/**
 * `B:2` weighs twice; an id that looks like that has its weight behind it as well.
 * @param {string} text
 * @returns {Part}
 */
function part(text) {
  const [, id = text, weight = "1"] = WEIGHTED.exec(text) ?? [];
  return { id, weight: Number(weight) || 1 };
}

/**
 * @param {URLSearchParams} params
 * @param {string} name
 * @param {number} otherwise
 * @param {number} least
 * @param {number} most
 */
function number(params, name, otherwise, least, most) {
  const text = params.get(name);
  const value = text === null || text === "" ? NaN : Number(text);
  return Number.isNaN(value) ? otherwise : Math.min(Math.max(value, least), most);
}

/** @param {Part} part */
function spelled({ id, weight }) {
  return weight !== 1 || WEIGHTED.test(id) ? `${id}:${weight}` : id;
}

/** @param {Taste} taste */
export function addressOf(taste) {
  return address("taste", "", {
    like: taste.likes.map(spelled), dislike: taste.dislikes.map(spelled),
    relation: taste.relation === "similar" ? null : taste.relation,
    decay: taste.decay, diversity: taste.diversity || null, filter: taste.filter,
    min_count: taste.minCount > 1 ? taste.minCount : null, tastes: taste.tastes > 1 ? taste.tastes : null,
    seen: taste.seen ? 1 : null, k: taste.k === LENGTHS[0] ? null : taste.k,
  });
}

/**
 * The body of `POST /recommend`; what has its default is left out.
 * @param {Taste} taste
 * @returns {Record<string, any>}
 */
export function bodyOf(taste) {
  /** @type {Record<string, any>} */
  const body = { liked: taste.likes.map(liked), k: taste.k };
  if (taste.dislikes.length) body.disliked = taste.dislikes.map(liked);
  if (taste.relation !== "similar") body.relation = taste.relation;
  if (taste.decay !== null) body.decay = taste.decay;
  if (taste.diversity) body.diversity = taste.diversity;
  if (taste.filter) body.filter = taste.filter;
  if (taste.minCount > 1) body.min_count = taste.minCount;
  if (taste.tastes > 1) body.tastes = taste.tastes;
  if (taste.seen) body.allow_seen = true;
  return body;
}

/** @param {Part} part */
function liked({ id, weight }) {
  return weight === 1 ? id : { id, weight };
}
