/** What the till says: in one place of the cart that is always in view, with what can be done about it. */

import { byId, el, icon } from './dom.js';
import { signal } from './feedback.js';

/**
 * `stays`: Esc does not close it. `main`: what the main button says meanwhile, when it can't be pressed.
 * `since`: when a wait began, in milliseconds; its seconds are counted. `focus`: an answer, so its first button gets the focus.
 * @typedef {{kind: 'info' | 'wait' | 'look' | 'stop', name?: string, sign?: string, word: string, more?: string, ref?: string,
 *   buttons?: [string, () => void][], link?: [string, string], stays?: boolean, main?: string, since?: number, focus?: boolean}} Words
 */

/** A sentence as another may follow it: with a space where the language has them. @param {string} sentence */
export const followed = (sentence) => (sentence.endsWith('.') ? `${sentence} ` : sentence);

export class Pane {
  /** @param {(key: string, values?: Record<string, string | number>) => string} say */
  constructor(say) {
    this.say = say;
    this.box = byId('say');
    /** @type {Words | null} */
    this.said = null;
    this.ticking = 0;
  }

  /** @param {Words} words */
  tell(words) {
    if (words.kind === 'look' || words.kind === 'stop') signal(words.kind);
    clearInterval(this.ticking);
    this.said = words;
    this.box.replaceChildren(this.#drawn(words));
    if (words.focus) /** @type {HTMLElement | null} */ (this.box.querySelector('a, button'))?.focus();
  }

  quiet() {
    clearInterval(this.ticking);
    this.said = null;
    this.box.replaceChildren();
  }

  get holdsFocus() {
    return this.box.contains(document.activeElement);
  }

  /** Say to who can't see what has changed elsewhere. @param {string} words */
  speak(words) {
    byId('spoken').textContent = words;
  }

  /** @param {Words} words */
  #drawn({ kind, sign, word, more = '', ref, buttons = [], link, since }) {
    const urgent = kind === 'look' || kind === 'stop';
    const shape = kind === 'wait' ? 'nx-state--calm' : `nx-state--${kind}`;
    const todo = buttons.map(([label, press], i) => {
      const button = el('button', { class: i ? 'btn btn-outline-primary' : 'btn btn-primary', type: 'button', text: label });
      button.addEventListener('click', press);
      return button;
    });
    if (link) todo.unshift(el('a', { class: 'btn btn-primary', href: link[1] }, ...(sign ? [icon(sign)] : []), link[0]));
    return el(
      'div',
      { class: `nx-state ${shape}`, role: urgent ? 'alert' : 'status' },
      el('div', { class: 'nx-state__sign' }, kind === 'wait' ? el('span', { class: 'nx-turn', 'aria-hidden': 'true' }) : icon(sign ?? kind)),
      el(
        'div',
        { class: 'nx-state__text' },
        el('p', { class: 'nx-state__word', text: word }),
        el('p', {}, followed(more), since === undefined ? '' : this.#seconds(since)),
        ref ? el('p', { class: 'nx-note' }, this.say('ref'), el('span', { class: 'nx-ref', text: ref })) : '',
        todo.length ? el('div', { class: 'nx-state__do' }, ...todo) : '',
      ),
    );
  }

  /** The seconds that somebody has waited, which are shown but not read out one by one. @param {number} since */
  #seconds(since) {
    const words = el('span', { 'aria-live': 'off' });
    const count = () => {
      const n = Math.floor((Date.now() - since) / 1000);
      words.textContent = n > 1 ? this.say('waited', { n }) : '';
    };
    count();
    this.ticking = setInterval(count, 1000);
    return words;
  }
}
