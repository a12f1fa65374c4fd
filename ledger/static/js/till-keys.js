/** The till by keyboard: keys that mean something wherever the focus is. A gun's keys come too fast to be meant. */

import { byId } from './dom.js';

const GUN_MS = 60;

/** @typedef {{search: HTMLInputElement, escape: () => void, change: (by: number) => boolean}} Listeners */

/** @param {EventTarget | null} target */
const isField = (target) => target instanceof HTMLInputElement || target instanceof HTMLTextAreaElement;

/** @param {Listeners} listeners */
export function listenToKeys({ search, escape, change }) {
  const keys = /** @type {HTMLDialogElement} */ (byId('keys'));
  byId('keys-button').addEventListener('click', () => keys.showModal());
  let last = 0;

  /** @param {string} key @returns {boolean} whether the key was one of ours */
  function act(key) {
    if (key === 'Escape') escape();
    else if (key === '?') keys.showModal();
    else if (key === '/') search.select();
    else if (key === '+' || key === '-') return change(key === '+' ? 1 : -1);
    else return false;
    return true;
  }

  document.addEventListener('keydown', (event) => {
    const { key, target, timeStamp } = event;
    const quick = timeStamp - last < GUN_MS;
    if (key.length === 1) last = timeStamp; // a gun sends nothing else in between
    if (event.defaultPrevented || event.ctrlKey || event.altKey || event.metaKey || event.isComposing || keys.open) return;
    // Held down, Enter would go through the question whether to take the points.
    if (key === 'Enter' && event.repeat) return event.preventDefault();
    const typing = isField(target) && /** @type {HTMLInputElement} */ (target).value !== '';
    if (key !== 'Escape' && (quick || typing)) return;
    if (act(key)) return event.preventDefault();
    // Who goes on typing means the search, wherever the focus is, "3*dm" as well: this very key arrives there.
    if (!isField(target) && /^[a-z0-9*×]$/i.test(key) && !search.closest('[inert]')) search.focus();
  });
}
