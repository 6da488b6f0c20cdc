/** What passes between the page and the service, and between its parts. */

/**
 * @typedef {object} Item
 * @property {string} item_id
 * @property {string | null} title
 * @property {number} count
 * @property {Record<string, unknown>} metadata
 * @property {boolean} trained
 */
/**
 * @typedef {Item & {row: number | null, vector?: number[]}} PlacedItem
 */
/**
 * @typedef {object} Contribution
 * @property {string} item_id
 * @property {number} contribution
 */
/**
 * @typedef {object} Voice
 * @property {string} voice
 * @property {number} log_odds
 */
/**
 * @typedef {object} Neighbor
 * @property {string} item_id
 * @property {string | null} [title]
 * @property {number} score
 * @property {Record<string, unknown>} [metadata]
 * @property {Contribution[]} [contributions]
 * @property {Voice[]} [voices]
 */
/**
 * @typedef {object} Answer
 * @property {string} model_version
 * @property {number} requested
 * @property {number} returned
 * @property {string | null} short_because
 * @property {Relation} relation
 * @property {"cosine" | "probability" | "votes" | "popularity"} score_kind
 * @property {Neighbor[]} items
 * @property {string[]} [unknown_items]
 * @property {string | null} [fallback_used]
 * @property {string[]} [ignored_items]
 */
/** @typedef {"similar" | "next"} Relation */
/**
 * @typedef {object} Column
 * @property {string} name
 * @property {"number" | "text" | "list" | "flag"} kind
 * @property {string[]} groups
 */
/**
 * @typedef {object} MapGroup
 * @property {string} name
 * @property {number} items
 * @property {number} x
 * @property {number} y
 */
/**
 * @typedef {object} About
 * @property {string} model_version
 * @property {number} items
 * @property {number} vector_size
 * @property {Relation[]} relations
 * @property {boolean} is_admin
 * @property {string[]} models
 * @property {number} max_k
 * @property {number[]} spread
 * @property {{item_id: string, title: string | null}[]} examples
 * @property {Column[]} columns
 * @property {{groups: MapGroup[]} | null} map
 * @property {{decay: number}} similar
 * @property {{decay: number, last_items: number} | null} next
 */
/**
 * Where the page is: `#item=85123A?relation=next`.
 * @typedef {object} Place
 * @property {string} view
 * @property {string} id
 * @property {URLSearchParams} params
 */
/**
 * What a view is given.
 * @typedef {object} Context
 * @property {import("./api.js").Api} api
 * @property {About} about
 * @property {AbortSignal} signal aborted when another view takes the place
 */
/**
 * A view fills the root; the function it may return takes it to another place without a new start.
 * @typedef {object} View
 * @property {string} title
 * @property {(root: HTMLElement, place: Place, context: Context) =>
 *   Promise<void | ((place: Place) => void | Promise<void>)>} show
 */
export {};
