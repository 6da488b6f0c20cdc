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

const KEY = "item2vec-key";

/** The service that the page comes from; addresses are relative, so any prefix works. */
export class Api {
  /**
   * @param {URL} base
   * @param {() => Promise<string | null>} askForKey called when a key is needed or was wrong
   */
  constructor(base, askForKey) {
    this.base = base;
    this._askForKey = askForKey;
    /** @type {Promise<string | null> | null} */
    this._asking = null;
    /** @type {(version: string) => void} */
    this.onversion = () => {};
  }

  /** The key in use, for the lines that are shown. */
  get key() {
    return sessionStorage.getItem(KEY);
  }

  /** @param {string | null} key */
  set key(key) {
    if (key) sessionStorage.setItem(KEY, key);
    else sessionStorage.removeItem(KEY);
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
    return this._json(await this._ask(this.address(path, params), { signal }));
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
    return this._json(await this._ask(this.address(path), { method, headers, body: content, signal }));
  }

  /**
   * @param {Response} response
   * @returns {Promise<any>}
   */
  async _json(response) {
    const answer = await response.json();
    if (answer.model_version) this.onversion(answer.model_version);
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
    if (response.status === 401) {
      this._asking ??= this._askForKey().finally(() => { this._asking = null; });
      const given = await this._asking;
      if (given !== null) {
        this.key = given;
        return this._ask(url, request);
      }
    }
    throw await problemOf(response);
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
      throw new Problem(0, "No answer", "The service cannot be reached. Is it still running?");
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
