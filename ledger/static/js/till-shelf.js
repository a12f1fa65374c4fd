/** The shelf of the till: tiles, categories, search by name, initials or barcode, a mark on the hit that Enter takes. */

import { byId, el } from './dom.js';
import { classify } from './scanned.js';
import { Roving, neighbour } from './till-rove.js';

/**
 * @typedef {{id: string, name: string, spec: string, price: number, stock: number, barcode: string, initials: string,
 *   category: string, tile: HTMLButtonElement}} Item
 * @typedef {{onTake: (item: Item, count: number) => void, onCode: (code: string) => void, onEmpty: () => void,
 *   say: (key: string, values?: Record<string, string | number>) => string, speak: (words: string) => void}} Listeners
 */

/** @param {HTMLButtonElement} tile @returns {Item} */
function itemOf(tile) {
  const { itemId = '', name = '', spec = '', price = '0', stock = '0', barcode = '', initials = '', category = '' } = tile.dataset;
  return { id: itemId, name, spec, price: Number(price), stock: Number(stock), barcode, initials: initials.toLowerCase(), category, tile };
}

/** "3*dm" is three of what "dm" finds. @param {string} typed */
function wish(typed) {
  const text = typed.normalize('NFKC').trim().toLowerCase();
  const [, count, rest] = /^(\d{1,3})[*x×](.*)$/.exec(text) ?? [];
  return { count: Math.max(1, Number(count ?? 1)), wanted: (rest ?? text).trim() };
}

export class Shelf {
  /** @param {Listeners} listeners */
  constructor(listeners) {
    const tiles = /** @type {NodeListOf<HTMLButtonElement>} */ (document.querySelectorAll('[data-item-id]'));
    this.items = new Map([...tiles].map((tile) => [tile.dataset.itemId ?? '', itemOf(tile)]));
    this.search = /** @type {HTMLInputElement} */ (byId('q'));
    this.pills = /** @type {HTMLElement[]} */ ([...document.querySelectorAll('[data-category-pill]')]);
    this.listeners = listeners;
    this.category = '';
    /** @type {Item | undefined} */
    this.hit = undefined;
    this.sign = el('span', { class: 'nx-tile__enter nx-desk-only', 'aria-hidden': 'true' }, el('kbd', { class: 'nx-kbd', text: 'Enter' }));
    this.tiles = new Roving(byId('goods'), () => this.#reachable().map((item) => item.tile));
    new Roving(byId('categories'), () => this.pills);
    for (const item of this.items.values()) item.tile.addEventListener('click', () => listeners.onTake(item, 1));
    for (const pill of this.pills) pill.addEventListener('click', () => this.#choose(pill));
    this.search.addEventListener('input', () => this.#filter());
    this.search.addEventListener('keydown', (event) => this.#pressed(event));
    byId('find').addEventListener('submit', (event) => event.preventDefault());
  }

  /** @param {string} code @returns {Item | undefined} */
  byBarcode(code) {
    return [...this.items.values()].find((item) => item.barcode && item.barcode === code);
  }

  /** The item whose tile has the focus. @returns {Item | undefined} */
  focused() {
    return [...this.items.values()].find((item) => item.tile === document.activeElement);
  }

  clearSearch() {
    this.search.value = '';
    this.#filter();
  }

  /** The tile says what is left. @param {Item} item @param {number} left */
  setStock(item, left) {
    item.stock = Math.max(0, left);
    const words = /** @type {HTMLElement} */ (item.tile.querySelector('.nx-tile__stock'));
    words.textContent = this.listeners.say(item.stock ? 'stock' : 'sold_out', { n: item.stock });
    item.tile.disabled = item.stock === 0;
    this.tiles.stopAt(item.tile);
  }

  #reachable() {
    return [...this.items.values()].filter((item) => !item.tile.disabled && !item.tile.parentElement?.hidden);
  }

  /** @param {HTMLElement} pill */
  #choose(pill) {
    this.category = pill.dataset.categoryPill ?? '';
    for (const other of this.pills) other.setAttribute('aria-pressed', String(other === pill));
    this.#filter();
  }

  /** @param {KeyboardEvent} event */
  #pressed(event) {
    if (event.isComposing) return;
    if (event.key === 'Enter') {
      event.preventDefault();
      if (!event.repeat) this.#entered();
    } else if (event.key === 'ArrowDown' && !this.hit) {
      event.preventDefault();
      this.tiles.stopAt()?.focus();
    } else if (this.hit && (event.key.startsWith('Arrow'))) {
      const tiles = this.#reachable();
      const next = neighbour(tiles.map((item) => item.tile), this.hit.tile, event.key);
      if (!next) return;
      event.preventDefault();
      this.#mark(tiles.find((item) => item.tile === next));
    }
  }

  /** Enter takes the marked hit; a code typed by hand or by a slow gun is a code; an empty field goes on to the confirmation. */
  #entered() {
    const { count, wanted } = wish(this.search.value);
    if (!wanted) return this.listeners.onEmpty();
    const { hit } = this;
    const { kind, looks } = classify(wanted);
    if (!hit && (kind !== 'unknown' || looks === 'misread' || looks === 'code')) {
      this.clearSearch();
      return this.listeners.onCode(wanted);
    }
    if (!hit) return this.listeners.speak(byId('none-found').textContent ?? '');
    this.listeners.onTake(hit, count);
    this.clearSearch();
  }

  /** Show what fits, and mark the first that can be taken: one whose initials begin with what was typed, else any. */
  #filter() {
    const { wanted } = wish(this.search.value);
    const code = wanted && classify(wanted).canonical;
    const fits = (/** @type {Item} */ item) =>
      (!this.category || item.category === this.category) &&
      (!wanted || item.initials.includes(wanted) || item.name.toLowerCase().includes(wanted) || (item.barcode && item.barcode === code));
    let shown = 0;
    for (const item of this.items.values()) {
      const fit = fits(item);
      shown += Number(fit);
      /** @type {HTMLElement} */ (item.tile.parentElement).hidden = !fit;
    }
    byId('none-found').hidden = shown > 0;
    byId('goods').scrollTop = 0;
    const { say, speak } = this.listeners;
    byId('hits').hidden = !wanted;
    byId('hits-words').textContent = wanted ? say('hits', { typed: wanted, n: shown }) : '';
    const takable = this.#reachable();
    this.#mark(wanted ? (takable.find((item) => item.initials.startsWith(wanted)) ?? takable[0]) : undefined);
    if (wanted && !shown) speak(byId('none-found').textContent ?? '');
    this.tiles.stopAt();
  }

  /** @param {Item | undefined} item */
  #mark(item) {
    this.hit?.tile.classList.remove('nx-tile--hit');
    this.sign.remove();
    this.hit = item;
    if (!item) return;
    item.tile.classList.add('nx-tile--hit');
    item.tile.append(this.sign);
    item.tile.scrollIntoView({ block: 'nearest' });
    this.listeners.speak(this.listeners.say('hit', { name: item.name }));
  }
}
