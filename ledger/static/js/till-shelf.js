/** The shelf of the till: tiles, categories, search by name, initials or barcode. */

import { byId } from './dom.js';
import { classify } from './scanned.js';

/**
 * @typedef {{id: string, name: string, spec: string, price: number, stock: number, barcode: string, initials: string,
 *   category: string, tile: HTMLButtonElement}} Item
 */

/** @param {HTMLButtonElement} tile @returns {Item} */
function itemOf(tile) {
  const { itemId = '', name = '', spec = '', price = '0', stock = '0', barcode = '', initials = '', category = '' } = tile.dataset;
  return { id: itemId, name, spec, price: Number(price), stock: Number(stock), barcode, initials: initials.toLowerCase(), category, tile };
}

export class Shelf {
  /** @param {(item: Item) => void} onTake */
  constructor(onTake) {
    const tiles = /** @type {NodeListOf<HTMLButtonElement>} */ (document.querySelectorAll('[data-item-id]'));
    this.items = new Map([...tiles].map((tile) => [tile.dataset.itemId ?? '', itemOf(tile)]));
    this.search = /** @type {HTMLInputElement} */ (byId('q'));
    this.category = '';
    for (const item of this.items.values()) item.tile.addEventListener('click', () => onTake(item));
    for (const pill of document.querySelectorAll('[data-category-pill]')) pill.addEventListener('click', () => this.#choose(/** @type {HTMLElement} */ (pill)));
    this.search.addEventListener('input', () => this.#filter());
    byId('find').addEventListener('submit', (event) => {
      event.preventDefault();
      const [first] = this.#filter();
      if (!first || !this.search.value.trim()) return;
      onTake(first);
      this.clearSearch();
    });
  }

  /** @param {string} barcode in its one form */
  byBarcode(barcode) {
    return [...this.items.values()].find((item) => item.barcode && item.barcode === barcode);
  }

  clearSearch() {
    this.search.value = '';
    this.#filter();
  }

  /** @param {HTMLElement} pill */
  #choose(pill) {
    this.category = pill.dataset.categoryPill ?? '';
    for (const other of document.querySelectorAll('[data-category-pill]')) other.setAttribute('aria-pressed', String(other === pill));
    this.#filter();
  }

  /** Show what fits; gives what can be taken, best first. @returns {Item[]} */
  #filter() {
    const wanted = this.search.value.trim().toLowerCase();
    const barcode = classify(wanted).canonical;
    const fits = (/** @type {Item} */ item) =>
      (!this.category || item.category === this.category) &&
      (!wanted || item.initials.startsWith(wanted) || item.name.toLowerCase().includes(wanted) || (item.barcode && item.barcode === barcode));
    const shown = [...this.items.values()].filter((item) => {
      const fit = fits(item);
      /** @type {HTMLElement} */ (item.tile.parentElement).hidden = !fit;
      return fit;
    });
    byId('none-found').hidden = shown.length > 0;
    return shown.filter((item) => !item.tile.disabled);
  }
}
