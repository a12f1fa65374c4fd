/**
 * The till: what do they take, is it enough? A code opens the cart, tiles or the gun fill it, one button holds and
 * confirms. What the network swallowed is asked for again, never posted anew. The page is ui/till_screen.html.
 */

import { NetworkLost, Refused, pause } from './api.js';
import { byId, el, icon, json, showSvg, speaker } from './dom.js';
import { signal } from './feedback.js';
import { points, showFigure } from './formats.js';
import { openInputs } from './scan-inputs.js';
import { classify, noPayer } from './scanned.js';
import { Order } from './till-order.js';
import { Shelf } from './till-shelf.js';

/** @typedef {import('./till-shelf.js').Item} Item */
/** @typedef {{word: string, more?: string, ref?: string, buttons?: [string, () => void][]}} Words */

const page = byId('till');
const say = speaker(json('words'));
const order = new Order(page.dataset.shopId ?? '');
const shelf = new Shelf((item) => take(item, 1));
const camera = openInputs({ onCode: coded, onNoCode: (word, more) => tell('look', { word, more }) });
const ASK_AGAIN_MS = 3000;
const OVER = ['shop.hold_expired', 'shop.already_released']; // the order is no more: only a new code helps

let busy = false;
let receiptShown = false;
let askTimer = 0;

const total = () => order.lines.reduce((sum, line) => sum + (shelf.items.get(line.item_id)?.price ?? 0) * line.quantity, 0);
const pieces = () => order.lines.reduce((sum, line) => sum + line.quantity, 0);

/** @param {string} code @param {import('./scan-inputs.js').Source} source */
async function coded(code, source) {
  if (busy || order.unfinished) return signal('look');
  const scanned = classify(code);
  const item = shelf.byBarcode(scanned.canonical);
  if (item) return take(item, 1);
  if (scanned.kind !== 'payer_code') return tell('look', noPayer(scanned, say));
  if (receiptShown) nextCustomer();
  if (order.bound) return tell('look', { word: say('finish_first'), more: say('finish_first_do') });
  await working(say('reading_code'), () => order.open(scanned.canonical, page.dataset.tellTyped && source === 'digits' ? { typed: true } : {}));
  if (!order.bound) return;
  signal('ok');
  camera.stop();
  draw();
  if (matchMedia('(pointer: fine)').matches) shelf.search.focus();
}

/** @param {Item} item @param {number} change */
function take(item, change) {
  if (busy || order.unfinished) return;
  if (receiptShown) nextCustomer();
  const count = order.count(item.id) + change;
  if (count > item.stock) return tell('look', { word: say('only_left', { n: item.stock, name: item.name }) });
  quiet();
  order.setCount(item.id, count);
  draw();
}

async function confirmOrder() {
  if (busy || !order.bound || (!order.unfinished && (!pieces() || left() < 0))) return;
  clearTimeout(askTimer);
  const shown = total();
  const receipt = await working(say('confirming'), () => order.confirm((priced) => priced.total === undefined || priced.total === shown));
  if (receipt) showReceipt(receipt);
  else if (receipt === null && !order.unfinished && order.bound && byId('trouble').hidden) tell('stop', { word: say('price_changed'), more: say('price_changed_do') });
}

/** Do one thing with the server: nothing else can be pressed, and after 400 ms the page says what it waits for. @template T @param {string} words @param {() => Promise<T>} work @returns {Promise<T | undefined>} */
async function working(words, work) {
  setBusy(true);
  quiet();
  const slow = setTimeout(() => saySlow(words, ''), 400);
  const slower = setTimeout(() => saySlow(words, say('slow_more')), 4000);
  try {
    return await work();
  } catch (error) {
    failed(error);
  } finally {
    clearTimeout(slow);
    clearTimeout(slower);
    byId('slow').hidden = true;
    setBusy(false);
    draw();
  }
}

/** @param {unknown} error */
function failed(error) {
  if (error instanceof NetworkLost || (error instanceof Refused && error.passing && !error.lasting)) return unknown();
  if (!(error instanceof Refused)) throw error;
  const wasConfirming = order.unfinished === 'confirm';
  order.refused();
  const { title, detail, ref } = error.problem;
  /** @type {[string, () => void][]} */
  const buttons = OVER.includes(error.code) ? [[say('start_over'), nextCustomer]] : order.bound ? [...(wasConfirming ? [/** @type {[string, () => void]} */ ([say('try_again'), confirmOrder])] : []), [say('cancel_order'), cancel]] : [];
  tell('stop', { word: title ?? say('failed'), more: detail, ref, buttons });
}

/** Nobody knows yet whether it worked: say so, and ask again with the same key until an answer comes. */
function unknown() {
  if (!order.unfinished) return tell('look', { word: say('lost_open'), more: say('lost_open_do') });
  const sent = order.unfinished === 'confirm';
  tell('look', { word: say(sent ? 'lost_confirm' : 'lost_before'), more: say(sent ? 'lost_confirm_do' : 'lost_before_do'), buttons: [[say('ask_now'), confirmOrder]] });
  clearTimeout(askTimer);
  askTimer = setTimeout(confirmOrder, ASK_AGAIN_MS);
}

/** @param {any} receipt */
function showReceipt(receipt) {
  receiptShown = true;
  signal('ok');
  byId('receipt-no').textContent = receipt.receipt;
  showFigure(byId('receipt-total'), receipt.total);
  byId('receipt-after').textContent = points(receipt.balance_after);
  const link = /** @type {HTMLAnchorElement} */ (byId('receipt-link'));
  link.hidden = !receipt.url;
  link.href = receipt.url ?? '#';
  byId('receipt-qr').hidden = !receipt.qr_svg;
  if (receipt.qr_svg) showSvg(byId('receipt-qr'), receipt.qr_svg);
  for (const line of receipt.lines ?? []) sold(line.item_id, line.quantity);
  draw();
  byId('next-customer').focus();
}

/** The shelf on the screen follows what has left it. @param {string} id @param {number} quantity */
function sold(id, quantity) {
  const item = shelf.items.get(id);
  if (!item) return;
  item.stock = Math.max(0, item.stock - quantity);
  const words = /** @type {HTMLElement} */ (item.tile.querySelector('.nx-tile__stock'));
  words.textContent = item.stock ? say('stock', { n: item.stock }) : say('sold_out');
  item.tile.disabled = item.stock === 0;
}

function nextCustomer() {
  receiptShown = false;
  order.clear();
  quiet();
  shelf.clearSearch();
  draw();
  camera.forget();
  if (!camera.wanted) camera.start();
  if (matchMedia('(pointer: fine)').matches) byId('digits').focus();
}

async function cancel() {
  if (busy) return;
  if (order.mustAsk) return unknown();
  clearTimeout(askTimer);
  setBusy(true);
  try {
    await order.cancel();
    nextCustomer();
  } catch (error) {
    if (!(error instanceof NetworkLost || error instanceof Refused)) throw error;
    nextCustomer(); // nothing was confirmed: the server gives hold and code free by itself when their time is over
    if (error instanceof NetworkLost) tell('look', { word: say('cancel_unheard'), more: say('cancel_unheard_do') });
    else tell('stop', { word: error.problem.title ?? say('failed'), more: error.problem.detail ?? '', ref: error.problem.ref });
  } finally {
    setBusy(false);
  }
}

/** @param {boolean} now */
function setBusy(now) {
  busy = now;
  for (const id of ['shelf', 'lines', 'foot']) byId(id).toggleAttribute('inert', now || (id !== 'foot' && order.unfinished !== null));
}

/** @param {string} words @param {string} more */
function saySlow(words, more) {
  byId('slow').hidden = false;
  byId('slow-words').textContent = `${words}${more}`;
}

function quiet() {
  byId('trouble').hidden = true;
}

/** @param {'look' | 'stop'} kind @param {Words} words */
function tell(kind, { word, more = '', ref, buttons = [] }) {
  signal(kind);
  const box = byId('trouble');
  box.className = `nx-state nx-state--${kind} nx-till__say`;
  const made = buttons.map(([label, press], i) => {
    const button = el('button', { class: i ? 'btn btn-outline-primary' : 'btn btn-primary', type: 'button', text: label });
    button.addEventListener('click', press);
    return button;
  });
  box.replaceChildren(
    el('div', { class: 'nx-state__sign' }, icon(kind)),
    el('div', { class: 'nx-state__text' }, el('p', { class: 'nx-state__word', text: word }), el('p', { text: more }), ref ? el('p', { class: 'nx-note' }, say('ref'), el('span', { class: 'nx-ref', text: ref })) : '', made.length ? el('div', { class: 'nx-state__do' }, ...made) : ''),
  );
  box.hidden = false;
}

const left = () => (order.bound?.available ?? 0) - total();

/** @param {Item} item */
function cartLine(item) {
  const count = order.count(item.id);
  /** @param {number} change @param {string} name @param {string} words */
  const step = (change, name, words) => {
    const button = el('button', { type: 'button', 'aria-label': words, 'data-line-step': `${item.id}:${change}` }, icon(name));
    button.addEventListener('click', () => take(item, change));
    return button;
  };
  return el(
    'li',
    { class: 'nx-cart__line' },
    el('span', {}, el('b', { text: item.name }), el('span', { class: 'nx-note', text: [item.spec, points(item.price)].filter(Boolean).join(say('between')) })),
    el('span', { class: 'nx-step', role: 'group', 'aria-label': say('count_of', { name: item.name }) }, step(-1, 'less', say('one_less')), el('span', { text: String(count) }), step(1, 'more', say('one_more'))),
    el('span', { class: 'nx-num', text: points(item.price * count) }),
  );
}

function drawTiles() {
  for (const item of shelf.items.values()) {
    const count = order.count(item.id);
    item.tile.classList.toggle('nx-tile--in', count > 0);
    const badge = /** @type {HTMLElement} */ (item.tile.querySelector('.nx-tile__n'));
    badge.hidden = count === 0;
    /** @type {HTMLElement} */ (badge.lastElementChild).textContent = String(count);
  }
}

function drawFoot() {
  const [sum, after] = [total(), left()];
  byId('foot').hidden = receiptShown || (!pieces() && !order.bound);
  byId('total-label').textContent = say('total', { n: pieces() });
  byId('total').textContent = points(sum);
  byId('after-line').hidden = !order.bound;
  byId('after-label').textContent = say(after < 0 ? 'short' : 'after');
  byId('after').textContent = points(Math.abs(after));
  const button = byId('confirm');
  const ready = order.bound && pieces() > 0 && after >= 0 && !order.unfinished;
  button.toggleAttribute('disabled', !ready);
  button.textContent = order.unfinished ? say('in_the_middle') : !order.bound ? say('scan_first') : !pieces() ? say('pick_first') : after < 0 ? say('not_enough', { points: points(-after) }) : say('confirm', { points: points(sum) });
}

function draw() {
  const { bound } = order;
  byId('waiting').hidden = Boolean(bound) || receiptShown;
  byId('receipt').hidden = !receiptShown;
  byId('who').hidden = !bound;
  byId('member').textContent = bound?.member.masked_name ?? '';
  byId('member-number').textContent = bound?.member.number ?? '';
  if (bound) showFigure(byId('available'), bound.available);
  const known = order.lines.map((line) => shelf.items.get(line.item_id)).filter((item) => item !== undefined);
  const focused = document.activeElement?.getAttribute('data-line-step');
  byId('lines').replaceChildren(...known.map(cartLine));
  if (focused) /** @type {HTMLElement | null} */ (page.querySelector(`[data-line-step="${CSS.escape(focused)}"]`))?.focus();
  drawTiles();
  drawFoot();
  setBusy(busy);
}

async function resume() {
  draw();
  if (!order.bound) return camera.start();
  await pause(0);
  if (order.unfinished) confirmOrder();
}

byId('confirm').addEventListener('click', confirmOrder);
byId('cancel').addEventListener('click', cancel);
byId('change-member').addEventListener('click', cancel);
byId('next-customer').addEventListener('click', nextCustomer);
addEventListener('online', () => order.unfinished && confirmOrder());
addEventListener('beforeunload', (event) => order.unfinished && event.preventDefault());
resume();
