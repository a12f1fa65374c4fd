/**
 * The order at the till and how it is confirmed: lines, hold, confirm, each with a key of its own that is written down
 * before it is sent. A lost answer is asked for again with the same key. The order lies in its tab; one whose answer is
 * missing also lies in the browser, so that whoever opens the till anew after the tab was closed is asked about it.
 */

import { Refused, call, newKey, write } from './api.js';

const PLACE = 'nx-till';

/** @typedef {'lines' | 'hold' | 'confirm'} Step */
export const STEPS = /** @type {Step[]} */ (['lines', 'hold', 'confirm']);

/**
 * What is remembered: who pays, what they take, how far the order has come.
 * @typedef {{id: string, member: {masked_name: string, number?: string}, available: number, bound_until?: string}} Bound
 * @typedef {{shop: string, reader: string, bound: Bound | null, lines: Record<string, number>, step: Step | null, keys: Record<string, string>}} Memory
 */

/** @param {string} id */
const pathOf = (id) => `/redemptions/${encodeURIComponent(id)}`;

export class Order {
  /** @param {string} shop @param {string} reader who serves: another person's order is none of theirs */
  constructor(shop, reader) {
    this.shop = shop;
    this.reader = reader;
    /** @type {Memory} */
    this.memory = this.#fresh();
    this.opening = { code: '', key: '' };
    this.known = false; // the server has said that the points have not moved
    for (const kept of [sessionStorage.getItem(PLACE), this.#unanswered()]) {
      const memory = JSON.parse(kept ?? 'null');
      if (memory?.shop !== shop || memory.reader !== reader) continue;
      this.memory = memory;
      return;
    }
  }

  /** @returns {Memory} */
  #fresh() {
    return { shop: this.shop, reader: this.reader, bound: null, lines: {}, step: null, keys: {} };
  }

  get #place() {
    return `${PLACE}:${this.shop}:${this.reader}:`;
  }

  #unanswered() {
    const found = Object.keys(localStorage).find((key) => key.startsWith(this.#place));
    return found ? localStorage.getItem(found) : null;
  }

  #save() {
    const { bound, step } = this.memory;
    const text = JSON.stringify(this.memory);
    sessionStorage.setItem(PLACE, text);
    if (bound && step) localStorage.setItem(this.#place + bound.id, text);
    else if (bound) localStorage.removeItem(this.#place + bound.id);
  }

  get bound() {
    return this.memory.bound;
  }

  /** The step whose answer is still missing: the order was being confirmed when the network or the page went away. */
  get unfinished() {
    return this.memory.step;
  }

  /** Whether nobody knows if the points have moved: then nothing but asking again may be done. */
  get mustAsk() {
    return this.memory.step === 'confirm' && 'confirm' in this.memory.keys && !this.known;
  }

  /** @param {string} item */
  count(item) {
    return this.memory.lines[item] ?? 0;
  }

  /** @param {string} item @param {number} count */
  setCount(item, count) {
    if (count > 0) this.memory.lines[item] = count;
    else delete this.memory.lines[item];
    this.memory.keys = {}; // other goods, another order: an old answer must not be taken for theirs
    this.#save();
  }

  get lines() {
    return Object.entries(this.memory.lines).map(([item_id, quantity]) => ({ item_id, quantity }));
  }

  /** What the member can spend, as the server has just said it. @param {number} available */
  setAvailable(available) {
    if (this.memory.bound) this.memory.bound.available = available;
    this.#save();
  }

  /** Bind the payer's code to a cart. The same code scanned again asks with the same key. @param {string} code @param {object} more */
  async open(code, more) {
    if (this.opening.code !== code) this.opening = { code, key: newKey() };
    const body = { shop_id: this.shop, payer_code: code, ...more };
    const answer = await write('POST', '/redemptions', { body, key: this.opening.key, attempts: 2, seconds: 8 });
    this.memory.bound = answer.body;
    this.#save();
  }

  /**
   * How an order stands that was left alone, without a step further: its receipt, 'over' if it is none any more, or 'open'.
   * @returns {Promise<{receipt?: any, state: 'confirmed' | 'over' | 'open'}>}
   */
  async look() {
    const path = pathOf(this.memory.bound?.id ?? '');
    const { body } = await call('GET', path);
    if (body.status === 'CONFIRMED') return { state: 'confirmed', receipt: await this.#receipt(path) };
    if (body.status !== 'CART' && body.status !== 'HELD') return { state: 'over' };
    this.memory.step = body.status === 'HELD' ? 'confirm' : null;
    this.known = true;
    if (body.status === 'CART') this.setAvailable(body.available);
    this.#save();
    return { state: 'open' };
  }

  /**
   * Take the order through the steps that are left. `agreed` sees the price of the server before anything is held.
   * @param {(priced: any) => boolean} agreed
   * @returns {Promise<any>} the receipt, or null when the price was not the one shown
   */
  async confirm(agreed) {
    let answer;
    for (const step of STEPS.slice(this.memory.step ? STEPS.indexOf(this.memory.step) : 0)) {
      answer = await this.#send(step);
      if (step === 'lines' && !agreed(answer)) {
        this.memory.step = null;
        this.memory.keys = {};
        this.#save();
        return null;
      }
    }
    this.clear();
    return answer;
  }

  /** @param {Step} step */
  async #send(step) {
    this.known = false;
    this.memory.step = step;
    this.memory.keys[step] ??= newKey();
    this.#save();
    const path = pathOf(this.memory.bound?.id ?? '');
    const body = step === 'lines' ? { lines: this.lines } : {};
    try {
      return (await write(step === 'lines' ? 'PUT' : 'POST', `${path}/${step}`, { body, key: this.memory.keys[step] })).body;
    } catch (error) {
      if (step !== 'confirm' || !(error instanceof Refused) || error.code !== 'shop.already_confirmed') throw error;
      return this.#receipt(path);
    }
  }

  /** @param {string} path */
  async #receipt(path) {
    const { body } = await call('GET', `${path}/receipt`);
    this.clear();
    return body;
  }

  /** The server said no: the next try is a new one. Before the hold the cart may be changed, after it only tried again. */
  refused() {
    const step = this.memory.step;
    this.opening = { code: '', key: '' };
    if (step) delete this.memory.keys[step];
    this.memory.step = step === 'confirm' ? 'confirm' : null;
    this.#save();
  }

  /** Give the code back; the server also does so by itself when the cart expires. @returns {Promise<any>} the receipt, if it was confirmed after all */
  async cancel() {
    const { bound, keys } = this.memory;
    if (bound) {
      keys.cancel ??= newKey();
      this.#save();
      try {
        await call('POST', `${pathOf(bound.id)}/cancel`, { body: {}, key: keys.cancel, seconds: 6 });
      } catch (error) {
        if (!(error instanceof Refused) || error.code !== 'shop.already_confirmed') throw error;
        return this.#receipt(pathOf(bound.id));
      }
    }
    this.clear();
    return null;
  }

  clear() {
    if (this.memory.bound) localStorage.removeItem(this.#place + this.memory.bound.id);
    this.memory = this.#fresh();
    this.opening = { code: '', key: '' };
    this.known = false;
    sessionStorage.removeItem(PLACE);
  }
}
