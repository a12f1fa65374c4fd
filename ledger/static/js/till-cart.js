/** How the cart and its receipt are drawn: lines with their steps, sums, what was handed out. */

import { byId, el, icon } from './dom.js';
import { points, showFigure } from './formats.js';

/** @typedef {import('./till-shelf.js').Item} Item */
/** @typedef {{has: number, held: boolean}} Few fewer than wanted, and whether others hold the rest */
/** @typedef {(key: string, values?: Record<string, string | number>) => string} Say */

/** @param {Item} item @param {Say} say */
const what = (item, say) => [item.spec, points(item.price)].filter(Boolean).join(say('between'));

/** @param {Item} item @param {number} count @param {Say} say @param {(item: Item, change: number) => void} take */
function steps(item, count, say, take) {
  /** @param {number} change @param {string} name @param {string} words */
  const step = (change, name, words) => {
    const button = el('button', { type: 'button', 'aria-label': words, 'data-line-step': `${item.id}:${change}` }, icon(name));
    button.addEventListener('click', () => take(item, change));
    return button;
  };
  const shown = el('span', { text: String(count) });
  return el('span', { class: 'nx-step', role: 'group', 'aria-label': say('count_of', { name: item.name }) }, step(-1, 'less', say('one_less')), shown, step(1, 'more', say('one_more')));
}

/**
 * The lines of the cart. Those that can't be had stand on top with the reason; locked ones have no steps.
 * @param {{item: Item, count: number}[]} lines
 * @param {{say: Say, take: (item: Item, change: number) => void, locked: boolean, tooFew: Map<string, Few>}} how
 */
export function drawLines(lines, { say, take, locked, tooFew }) {
  const bad = (/** @type {{item: Item, count: number}} */ { item, count }) => {
    const few = tooFew.get(item.id);
    if (!few || count <= few.has) return '';
    return few.has ? say('only_n', { n: few.has }) : say(few.held ? 'held_now' : 'sold_out_now');
  };
  const focused = document.activeElement?.getAttribute('data-line-step');
  const list = byId('lines');
  list.toggleAttribute('tabindex', locked);
  if (locked) list.tabIndex = 0; // no button inside, so the list itself is where the keyboard scrolls
  const drawn = [...lines.filter(bad), ...lines.filter((line) => !bad(line))].map(({ item, count }) => {
    const why = bad({ item, count });
    return el(
      'li',
      { class: why ? 'nx-cart__line nx-cart__line--bad' : 'nx-cart__line' },
      el('span', {}, el('b', { text: item.name }), el('span', { class: 'nx-note', text: what(item, say) }), why ? el('span', { class: 'nx-tag nx-tag--stop' }, icon('stop'), why) : ''),
      locked ? el('span', { class: 'nx-cart__qty nx-num', text: say('times', { n: count }) }) : steps(item, count, say, take),
      el('span', { class: 'nx-num', text: points(item.price * count) }),
    );
  });
  list.replaceChildren(...drawn);
  if (focused) /** @type {HTMLElement | null} */ (list.querySelector(`[data-line-step="${CSS.escape(focused)}"]`))?.focus();
}

/** The tiles of what is in the cart say how many. @param {Iterable<Item>} items @param {(id: string) => number} count */
export function drawTiles(items, count) {
  for (const item of items) {
    const n = count(item.id);
    item.tile.classList.toggle('nx-tile--in', n > 0);
    const badge = /** @type {HTMLElement} */ (item.tile.querySelector('.nx-tile__n'));
    badge.hidden = n === 0;
    /** @type {HTMLElement} */ (badge.lastElementChild).textContent = String(n);
  }
}

/** What is handed out, and what is left. @param {any} receipt @param {Say} say */
export function drawReceipt(receipt, say) {
  const pieces = receipt.lines.reduce((/** @type {number} */ sum, /** @type {any} */ line) => sum + line.quantity, 0);
  const whom = say('whom', { name: receipt.member.masked_name, n: pieces });
  byId('receipt-whom').textContent = whom;
  byId('receipt-goods').replaceChildren(
    ...receipt.lines.map((/** @type {any} */ line) =>
      el(
        'li',
        {},
        el('span', { class: 'nx-done__n', text: say('times', { n: line.quantity }) }),
        el('span', { class: 'nx-done__what' }, el('b', { text: line.name }), el('span', { class: 'nx-note', text: line.spec })),
        el('span', { class: 'nx-num nx-quiet', text: points(line.points) }),
      ),
    ),
  );
  byId('receipt-no').textContent = receipt.receipt;
  byId('receipt-total').textContent = points(receipt.total);
  byId('receipt-after').textContent = points(receipt.balance_after);
  byId('last-whom').textContent = `${whom}${say('between')}${points(receipt.total)}`;
  byId('last-no').textContent = receipt.receipt;
  byId('last').hidden = false;
  for (const link of /** @type {NodeListOf<HTMLAnchorElement>} */ (document.querySelectorAll('[data-receipt]'))) link.href = receipt.url + (link.dataset.receipt ?? '');
  return `${say('done')} ${whom}${say('between')}${say('left', { points: points(receipt.balance_after) })}`;
}

/** @param {{masked_name: string, number?: string} | undefined} member @param {number} available */
export function drawMember(member, available) {
  byId('who').hidden = !member;
  byId('member').textContent = member?.masked_name ?? '';
  byId('member-number').textContent = member?.number ?? '';
  if (member) showFigure(byId('available'), available);
}

/** @param {{pieces: number, total: number, left: number, bound: boolean, word: string, ready: boolean, mayCancel: boolean}} order @param {Say} say */
export function drawFoot({ pieces, total, left, bound, word, ready, mayCancel }, say) {
  byId('foot').hidden = !pieces && !bound;
  byId('total-label').textContent = say('total', { n: pieces });
  byId('total').textContent = points(total);
  byId('after-line').hidden = !bound;
  byId('after-label').textContent = say(left < 0 ? 'short' : 'after');
  byId('after').textContent = points(Math.abs(left));
  byId('cancel').hidden = !mayCancel;
  byId('confirm').toggleAttribute('disabled', !ready);
  byId('confirm-words').textContent = word;
}

/** @param {boolean} there @param {Say} say */
export function showNetwork(there, say) {
  const sign = byId('network');
  sign.classList.toggle('nx-bar__off', !there);
  sign.replaceChildren(icon(there ? 'online' : 'offline'), el('span', { class: there ? 'nx-desk-only' : '', text: say(there ? 'online' : 'offline') }));
}
