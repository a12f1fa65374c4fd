/** Arrow keys among buttons in a grid or a row, of which one alone is a stop for Tab. */

/**
 * The neighbour of a button in the direction of an arrow key: the next one in a row, the nearest one above or below.
 * @template {HTMLElement} T
 * @param {T[]} all as they stand on the page
 * @param {T} from
 * @param {string} key
 * @returns {T | undefined}
 */
export function neighbour(all, from, key) {
  const at = all.indexOf(from);
  if (key === 'ArrowRight') return all[at + 1];
  if (key === 'ArrowLeft') return all[at - 1];
  if (key === 'Home') return all[0];
  if (key === 'End') return all.at(-1);
  const box = from.getBoundingClientRect();
  const way = key === 'ArrowDown' ? 1 : key === 'ArrowUp' ? -1 : 0;
  const far = (/** @type {T} */ each) => (each.getBoundingClientRect().top - box.top) * way;
  const [next] = all.filter((each) => way && far(each) > 1).sort((a, b) => far(a) - far(b));
  if (!next) return undefined;
  const aside = (/** @type {T} */ each) => Math.abs(each.getBoundingClientRect().left - box.left);
  return all.filter((each) => Math.abs(far(each) - far(next)) < 2).sort((a, b) => aside(a) - aside(b))[0];
}

export class Roving {
  /**
   * @param {HTMLElement} place
   * @param {() => HTMLElement[]} buttons those that can be reached now
   */
  constructor(place, buttons) {
    this.buttons = buttons;
    place.addEventListener('keydown', (event) => this.#moved(event));
    place.addEventListener('focusin', (event) => this.stopAt(/** @type {HTMLElement} */ (event.target)));
    this.stopAt();
  }

  /** Make this button, or the first one, the stop for Tab. @param {HTMLElement} [wanted] */
  stopAt(wanted) {
    const all = this.buttons();
    const stop = wanted && all.includes(wanted) ? wanted : all[0];
    for (const each of all) each.tabIndex = each === stop ? 0 : -1;
    return stop;
  }

  /** @param {KeyboardEvent} event */
  #moved(event) {
    const all = this.buttons();
    const from = /** @type {HTMLElement} */ (event.target);
    const to = all.includes(from) && !event.ctrlKey && !event.metaKey && !event.altKey ? neighbour(all, from, event.key) : undefined;
    if (!to) return;
    event.preventDefault();
    to.focus();
  }
}
