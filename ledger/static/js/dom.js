/** Small tools of every page script: find, build and fill elements, and the words of the page in its language. */

/**
 * The element with this id; a page without it is a mistake of the template, said at once.
 * @param {string} id
 * @returns {HTMLElement}
 */
export function byId(id) {
  const found = document.getElementById(id);
  if (!found) throw new Error(`the page has no #${id}`);
  return found;
}

/**
 * A JSON block of the page (`<script type="application/json" id="…">`).
 * @param {string} id
 * @returns {any}
 */
export const json = (id) => JSON.parse(byId(id).textContent ?? 'null');

/**
 * The words of the page: `say('left', {n: 6})` fills `{n}` in the sentence "left". A missing one shows its key.
 * @param {Record<string, string>} words
 * @returns {(key: string, values?: Record<string, string | number>) => string}
 */
export const speaker =
  (words) =>
  (key, values = {}) =>
    (words[key] ?? key).replace(/\{(\w+)\}/g, (all, name) => String(values[name] ?? all));

/**
 * Build an element: `el('p', {class: 'nx-note', text: 'x', hidden: true}, child, …)`. Text is never read as HTML.
 * @param {string} tag
 * @param {Record<string, string | boolean | null | undefined>} [attributes]
 * @param {...(Node | string)} children
 * @returns {HTMLElement}
 */
export function el(tag, attributes = {}, ...children) {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (name === 'text') made.textContent = String(value);
    else if (value === true) made.setAttribute(name, '');
    else if (value !== false && value !== null && value !== undefined) made.setAttribute(name, value);
  }
  made.append(...children);
  return made;
}

/**
 * A copy of the icon that the page carries in `<template id="icon-…">`.
 * @param {string} name
 * @returns {Node}
 */
export function icon(name) {
  const template = /** @type {HTMLTemplateElement} */ (byId(`icon-${name}`));
  return template.content.cloneNode(true);
}

/**
 * Put an SVG that our server drew into the page. It is parsed as XML, and anything but shapes is left out.
 * @param {Element} place
 * @param {string} source
 */
export function showSvg(place, source) {
  const parsed = new DOMParser().parseFromString(source, 'image/svg+xml').documentElement;
  if (parsed.localName !== 'svg') throw new Error('the server sent no SVG');
  for (const node of [...parsed.querySelectorAll('*')]) {
    if (!['path', 'rect', 'g', 'title', 'svg'].includes(node.localName)) node.remove();
    node.removeAttribute('style');
  }
  parsed.removeAttribute('style');
  place.replaceChildren(document.importNode(parsed, true));
}

/**
 * Show seconds left in a `.nx-ring`: the number, the arc and, for the last five, the colour.
 * @param {Element} ring
 * @param {number} left
 * @param {number} whole
 * @param {string} label
 */
export function turnRing(ring, left, whole, label) {
  const shown = Math.max(0, Math.ceil(left));
  const arc = ring.querySelector('.nx-ring__left');
  arc?.setAttribute('pathLength', String(whole));
  arc?.setAttribute('stroke-dasharray', `${Math.min(shown, whole)} ${whole}`);
  const number = ring.querySelector('.nx-ring__num');
  if (number) number.textContent = String(shown);
  ring.setAttribute('aria-label', label);
  ring.classList.toggle('nx-ring--soon', shown <= 5);
}
