/**
 * The order at the till and how it is confirmed: lines, hold, confirm, each with a key of its own that is written down
 * before it is sent. A lost answer is asked for again with the same key, also after the page was loaded anew.
 */

import { Refused, call, newKey, write } from './api.js';

const PLACE = 'nx-till';

/** @typedef {'lines' | 'hold' | 'confirm'} Step */
export const STEPS = /** @type {Step[]} */ (['lines', 'hold', 'confirm']);

/**
 * What is remembered: who pays, what they take, how far the order has come.
 * @typedef {{id: string, member: {masked_name: string, number?: string}, available: number, bound_until?: string}} Bound
 * @typedef {{shop: string, bound: Bound | null, lines: Record<string, number>, step: Step | null, keys: Record<string, string>}} Memory
 */

export class Order {
  /** @param {string} shop */
  constructor(shop) {
    this.shop = shop;
    /** @type {Memory} */
    this.memory = this.#fresh();
    const kept = JSON.parse(sessionStorage.getItem(PLACE) ?? 'null');
    if (kept?.shop === shop) this.memory = kept;
    this.opening = { code: '', key: '' };
  }

  /** @returns {Memory} */
  #fresh() {
    return { shop: this.shop, bound: null, lines: {}, step: null, keys: {} };
  }

  #save() {
    sessionStorage.setItem(PLACE, JSON.stringify(this.memory));
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
    return this.memory.step === 'confirm' && 'confirm' in this.memory.keys;
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

  /** Bind the payer's code to a cart. The same code scanned again asks with the same key. @param {string} code @param {object} more */
  async open(code, more) {
    if (this.opening.code !== code) this.opening = { code, key: newKey() };
    const body = { shop_id: this.shop, payer_code: code, ...more };
    const answer = await write('POST', '/redemptions', { body, key: this.opening.key, attempts: 2, seconds: 8 });
    this.memory.bound = answer.body;
    this.#save();
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
    this.memory.step = step;
    this.memory.keys[step] ??= newKey();
    this.#save();
    const path = `/redemptions/${encodeURIComponent(this.memory.bound?.id ?? '')}/${step}`;
    const body = step === 'lines' ? { lines: this.lines } : {};
    try {
      return (await write(step === 'lines' ? 'PUT' : 'POST', path, { body, key: this.memory.keys[step] })).body;
    } catch (error) {
      if (step !== 'confirm' || !(error instanceof Refused) || error.code !== 'shop.already_confirmed') throw error;
      return (await call('GET', path.replace(/confirm$/, 'receipt'))).body;
    }
  }

  /** The server said no: the next try is a new one. Before the hold the cart may be changed, after it only tried again. */
  refused() {
    const step = this.memory.step;
    this.opening = { code: '', key: '' };
    if (step) delete this.memory.keys[step];
    this.memory.step = step === 'confirm' ? 'confirm' : null;
    this.#save();
  }

  /** Give the code back; the server also does so by itself when the cart expires. */
  async cancel() {
    const { bound, keys } = this.memory;
    if (bound) {
      keys.cancel ??= newKey();
      this.#save();
      await call('POST', `/redemptions/${encodeURIComponent(bound.id)}/cancel`, { body: {}, key: keys.cancel, seconds: 6 });
    }
    this.clear();
  }

  clear() {
    this.memory = this.#fresh();
    this.opening = { code: '', key: '' };
    sessionStorage.removeItem(PLACE);
  }
}
