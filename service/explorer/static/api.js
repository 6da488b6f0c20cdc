/** Asks the service. */

/** An error that the service explains (RFC 9457), or that it could not be reached. */
export class Problem extends Error {
  /**
   * @param {number} status 0 if the service could not be reached
   * @param {string} title
   * @param {string} detail
   * @param {string} type
   */
  constructor(status, title, detail, type = "") {
    super(detail || title);
    this.status = status;
    this.title = title;
    this.type = type;
  }
}

/** What is wrong where nothing answers. */
export function unreachable() {
  return new Problem(0, "No answer", "The service cannot be reached. Is it still running?");
}

const KEY = "item2vec-key";

/** The service that the page comes from; addresses are relative, so any prefix works. */
export class Api {
  /**
   * @param {URL} base
   * @param {(wasWrong: boolean) => Promise<string | null>} askForKey null if it is not given
   */
  constructor(base, askForKey) {
    this.base = base;
    this._askForKey = askForKey;
    /** @type {Promise<string | null> | null} */
    this._asking = null;
    /** @type {(version: string) => void} */
    this.onversion = () => {};
    /** Called when a key is used or forgotten. */
    this.onkey = () => {};
  }

  /** The key in use, for the lines that are shown. */
  get key() {
    return sessionStorage.getItem(KEY);
  }

  /** @param {string | null} key */
  set key(key) {
    if (key) sessionStorage.setItem(KEY, key);
    else sessionStorage.removeItem(KEY);
    this.onkey();
  }

  /**
   * The whole address of a path.
   * @param {string} path without a slash in front; ids are encoded by `segment`
   * @param {Record<string, any>} [params] lists repeat their parameter
   * @returns {URL}
   */
  address(path, params = {}) {
    const url = new URL(path, this.base);
    for (const [name, value] of Object.entries(params)) {
      for (const one of Array.isArray(value) ? value : [value]) {
        if (one != null && one !== "") url.searchParams.append(name, String(one));
      }
    }
    return url;
  }

  /**
   * @param {string} path
   * @param {Record<string, any>} [params]
   * @param {AbortSignal} [signal]
   * @returns {Promise<any>}
   */
  async get(path, params, signal) {
    return this._json(path, await this._ask(this.address(path, params), { signal }));
  }

  /**
   * @param {string} path
   * @param {Record<string, any>} [params]
   * @param {AbortSignal} [signal]
   * @returns {Promise<ArrayBuffer>}
   */
  async bytes(path, params, signal) {
    return (await this._ask(this.address(path, params), { signal })).arrayBuffer();
  }

  /**
   * @param {"POST" | "PUT" | "DELETE"} method
   * @param {string} path
   * @param {object | null} body
   * @param {AbortSignal} [signal]
   * @returns {Promise<any>}
   */
  async send(method, path, body, signal) {
    const headers = { "Content-Type": "application/json" };
    const content = body === null ? undefined : JSON.stringify(body);
    return this._json(path, await this._ask(this.address(path), { method, headers, body: content, signal }));
  }

  /**
   * @param {string} path
   * @param {Response} response
   * @returns {Promise<any>}
   */
  async _json(path, response) {
    const answer = await response.json();
    // Older versions may answer, too: they are not what is served.
    if (answer.model_version && !path.startsWith("models")) this.onversion(answer.model_version);
    return answer;
  }

  /**
   * @param {URL} url
   * @param {RequestInit} request
   * @returns {Promise<Response>}
   */
  async _ask(url, request) {
    const key = this.key;
    const response = await this._fetch(url, key ? withKey(request, key) : request);
    if (response.ok) return response;
    if (response.status === 401 && await this._hasOtherKey(key)) return this._ask(url, request);
    throw await problemOf(response);
  }

  /**
   * Whether there is another key than the one that was refused; asks for it, once for all requests.
   * @param {string | null} refused
   */
  async _hasOtherKey(refused) {
    if (this.key !== refused) return true;
    this._asking ??= this._askForKey(refused !== null).finally(() => { this._asking = null; });
    const given = await this._asking;
    if (this.key !== given) this.key = given;
    return given !== null;
  }

  /**
   * @param {URL} url
   * @param {RequestInit} request
   */
  async _fetch(url, request) {
    try {
      return await fetch(url, request);
    } catch (error) {
      if (request.signal?.aborted) throw error;
      throw unreachable();
    }
  }
}

/**
 * An id as a part of a path.
 * @param {string} id
 */
export function segment(id) {
  return encodeURIComponent(id);
}

/**
 * @param {RequestInit} request
 * @param {string} key
 * @returns {RequestInit}
 */
function withKey(request, key) {
  return { ...request, headers: { ...request.headers, "X-API-Key": key } };
}

/**
 * @param {Response} response
 * @returns {Promise<Problem>}
 */
async function problemOf(response) {
  try {
    const { title, detail, type } = await response.json();
    return new Problem(response.status, title, detail, type);
  } catch {
    return new Problem(response.status, `Error ${response.status}`, response.statusText);
  }
}
