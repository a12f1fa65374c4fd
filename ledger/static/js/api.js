/**
 * Calls of the API from a page: CSRF header, language, idempotency key, problem details, time limits.
 * A lost network is its own error (`NetworkLost`), because then nobody knows yet whether the call worked.
 */

export const ROOT = '/api/v1';
// Who asks for more patience has a reason that a person must read, as a frozen book has.
const LONGEST_WAIT_SECONDS = 10;

/** The server answered, and refused: `.problem` holds the problem details (RFC 9457). */
export class Refused extends Error {
  /**
   * @param {number} status
   * @param {Record<string, any>} problem
   * @param {number} [retryAfter] seconds
   */
  constructor(status, problem, retryAfter) {
    super(problem.detail || problem.title || `status ${status}`);
    this.status = status;
    this.problem = problem;
    this.code = String(problem.code ?? '');
    this.retryAfter = retryAfter ?? 0;
  }

  /** Whether the same call with the same key may be sent again: the server was busy, or still at it. */
  get passing() {
    return this.status >= 500 || this.status === 429 || this.code === 'idempotency.in_progress';
  }

  /** Whether the page's log-in is over, or somebody else has logged in to this browser since. */
  get loggedOut() {
    return this.status === 401 || this.code === 'request.csrf' || this.code === 'request.no_cookies';
  }

  /** Whether it passes so late that nobody stands and waits for it; nothing was done. */
  get lasting() {
    return this.retryAfter > LONGEST_WAIT_SECONDS;
  }
}

/** No answer came: the network is away, or slower than the time limit. */
export class NetworkLost extends Error {
  /** @param {'network' | 'timeout'} code */
  constructor(code) {
    super(code);
    this.code = code;
  }
}

/** A fresh key; `crypto.randomUUID` is missing where the page is not https. */
export function newKey() {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('');
}

/** @param {number} milliseconds */
export const pause = (milliseconds) => new Promise((done) => setTimeout(done, milliseconds));

/**
 * @param {string | undefined} key
 * @param {boolean} hasBody
 */
function headersFor(key, hasBody) {
  const token = document.querySelector('meta[name="csrf-token"]')?.getAttribute('content');
  return {
    Accept: 'application/json, application/problem+json',
    'Accept-Language': document.documentElement.lang || 'zh-CN',
    ...(hasBody ? { 'Content-Type': 'application/json' } : {}),
    ...(token ? { 'X-CSRFToken': token } : {}),
    ...(key ? { 'Idempotency-Key': key } : {}),
  };
}

/** @param {Response} response */
async function bodyOf(response) {
  const text = await response.text();
  if (!text) return {};
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}

/**
 * One call. Raises Refused (the server said no) or NetworkLost (no answer).
 * @param {string} method
 * @param {string} path under /api/v1, or from the root when it starts with /api/
 * @param {{body?: any, key?: string, seconds?: number, etag?: string | null}} [options] with the `etag` of what is known
 * already, an answer 304 has the body null
 * @returns {Promise<{status: number, body: any, replayed: boolean, date: string | null, etag: string | null}>}
 */
export async function call(method, path, { body, key, seconds = 12, etag } = {}) {
  const stop = new AbortController();
  const timer = setTimeout(() => stop.abort(), seconds * 1000);
  try {
    const response = await fetch(path.startsWith('/api/') ? path : ROOT + path, {
      method,
      headers: { ...headersFor(key, body !== undefined), ...(etag ? { 'If-None-Match': etag } : {}) },
      body: body === undefined ? undefined : JSON.stringify(body),
      credentials: 'same-origin',
      cache: 'no-store',
      signal: stop.signal,
    });
    const unchanged = response.status === 304;
    const answer = await bodyOf(response);
    // A gateway that lost our service answers in HTML: nobody knows what happened behind it.
    if (answer === null) throw new NetworkLost('network');
    if (!response.ok && !unchanged) throw new Refused(response.status, answer, Number(response.headers.get('Retry-After')) || 0);
    return {
      status: response.status,
      body: unchanged ? null : answer,
      replayed: response.headers.get('Idempotency-Replayed') === 'true',
      date: response.headers.get('Date'),
      etag: response.headers.get('ETag'),
    };
  } catch (error) {
    if (error instanceof Refused || error instanceof NetworkLost) throw error;
    throw new NetworkLost(stop.signal.aborted ? 'timeout' : 'network');
  } finally {
    clearTimeout(timer);
  }
}

/**
 * A write that may be sent again: every attempt carries the same key, so that it happens once.
 * @param {string} method
 * @param {string} path
 * @param {{body?: any, key: string, attempts?: number, seconds?: number}} options
 */
export async function write(method, path, { body, key, attempts = 3, seconds }) {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await call(method, path, { body, key, seconds });
    } catch (error) {
      const again = error instanceof NetworkLost || (error instanceof Refused && error.passing && !error.lasting);
      if (!again || attempt >= attempts) throw error;
      const wait = error instanceof Refused ? error.retryAfter * 1000 : 0;
      await pause(Math.max(wait, 400 * 2 ** (attempt - 1)));
    }
  }
}
