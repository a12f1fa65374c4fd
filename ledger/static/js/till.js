/**
 * The till: what do they take, is it enough? A code opens the cart, tiles, keys or the gun fill it, one button holds and
 * confirms. What the network swallowed is asked for again, never posted anew. The page is ui/till_screen.html.
 */

import { NetworkLost, Refused } from './api.js';
import { byId, json, speaker } from './dom.js';
import { signal } from './feedback.js';
import { points } from './formats.js';
import { openInputs } from './scan-inputs.js';
import { classify } from './scanned.js';
import { drawFoot, drawLines, drawMember, drawReceipt, drawTiles, showNetwork } from './till-cart.js';
import { listenToKeys } from './till-keys.js';
import { Order } from './till-order.js';
import { Pane } from './till-pane.js';
import { loggedOut, lost, notHere, short, tooMany } from './till-said.js';
import { Shelf } from './till-shelf.js';

/** @typedef {import('./till-shelf.js').Item} Item */
/** @typedef {import('./till-pane.js').Words} Words */

const page = byId('till');
const say = speaker(json('words'));
const pane = new Pane(say);
const order = new Order(page.dataset.shopId ?? '', document.querySelector('meta[name=reader]')?.getAttribute('content') ?? '');
const shelf = new Shelf({ onTake: take, onCode: (code) => coded(code, 'digits'), onEmpty: goOn, say, speak: (words) => pane.speak(words) });
const camera = openInputs({ onCode: coded, onNoCode: (word, more) => pane.tell({ kind: 'look', word, more }) });
const ASK_AGAIN_MS = 3000;
const OVER = ['shop.hold_expired', 'shop.already_released', 'shop.redemption_not_found']; // the order is no more: only a new code helps

let busy = false;
let receiptShown = false;
let askTimer = 0;
let opened = false;
let ask = confirmOrder;
/** What the server had of an item that was too few, and whether others hold the rest. @type {Map<string, import('./till-cart.js').Few>} */
const tooFew = new Map();
/** @type {Item | undefined} */
let latest;

const total = () => order.lines.reduce((sum, line) => sum + (shelf.items.get(line.item_id)?.price ?? 0) * line.quantity, 0);
const pieces = () => order.lines.reduce((sum, line) => sum + line.quantity, 0);
const left = () => (order.bound?.available ?? 0) - total();
const known = () => order.lines.flatMap(({ item_id, quantity }) => ({ item: shelf.items.get(item_id), count: quantity })).filter((line) => line.item !== undefined);
const isReady = () => Boolean(order.bound) && !order.mustAsk && !pane.said?.main && (Boolean(order.unfinished) || (pieces() > 0 && left() >= 0));
const fine = matchMedia('(pointer: fine)').matches;

/** The next thing to do by keyboard; a phone's keyboard would cover the page. */
const toSearch = () => fine && (order.bound || pieces() ? shelf.search : byId('digits')).focus();

/** @param {string} code @param {import('./scan-inputs.js').Source} source */
async function coded(code, source) {
  if (busy || order.unfinished) return signal('look');
  const seen = classify(code);
  const item = shelf.byBarcode(seen.canonical);
  if (item) return take(item, 1);
  if (seen.kind !== 'payer_code') return pane.tell(notHere(say, seen, { find: () => (hush(), shelf.search.focus()), leave: hush }));
  if (receiptShown) nextCustomer();
  if (order.bound) return pane.tell({ kind: 'look', word: say('finish_first'), more: say('finish_first_do') });
  await working(say('reading_code'), () => order.open(seen.canonical, page.dataset.tellTyped && source === 'digits' ? { typed: true } : {}));
  if (!order.bound) return;
  signal('ok');
  camera.stop();
  draw();
  toSearch();
}

/** @param {Item} item @param {number} change */
function take(item, change) {
  if (busy || order.unfinished) return;
  if (receiptShown) nextCustomer();
  const count = order.count(item.id) + change;
  if (change > 0 && count > item.stock) return pane.tell({ kind: 'look', word: say('only_left', { n: item.stock, name: item.name }), more: say('only_left_do') });
  if (!pane.said?.stays) pane.quiet();
  latest = item;
  tooFew.delete(item.id);
  order.setCount(item.id, count);
  pane.speak(say('in_cart', { name: item.name, n: Math.max(0, count), total: points(total()) }));
  draw();
}

/** Enter with nothing typed: to the confirmation, which the next Enter gives; or what is missing for it. */
function goOn() {
  if (receiptShown) return nextCustomer();
  if (!isReady()) return pieces() ? signal('look') : pane.tell({ kind: 'look', word: say(order.bound ? 'pick_first' : 'scan_first') });
  const button = byId('confirm');
  button.focus();
  pane.tell({ kind: 'info', name: 'armed', word: say('press_again'), more: say('press_again_do', { points: points(total()), left: points(left()) }) });
  button.addEventListener('blur', () => pane.said?.name === 'armed' && hush(), { once: true });
}

async function confirmOrder() {
  if (busy || !order.bound || (!order.unfinished && !isReady())) return;
  clearTimeout(askTimer);
  const shown = total();
  const receipt = await working(say('confirming', { points: points(shown) }), () => order.confirm((priced) => priced.total === undefined || priced.total === shown));
  if (receipt) return showReceipt(receipt);
  if (receipt === null && !order.unfinished && order.bound && !pane.said) {
    pane.tell({ kind: 'stop', word: say('price_changed'), more: say('price_changed_do'), buttons: [[say('load_again'), () => location.reload()]], focus: true });
    draw();
  }
}

/**
 * Do one thing with the server: nothing else can be pressed, and after 400 ms the page says what it waits for. What is
 * said of a lost answer stays until there is one.
 * @template T @param {string} words @param {() => Promise<T>} work @returns {Promise<T | undefined>}
 */
async function working(words, work) {
  const since = Date.now();
  setBusy(true);
  if (pane.said?.name !== 'lost') pane.quiet();
  draw();
  const slow = setTimeout(() => pane.said || (pane.tell({ kind: 'wait', word: words, more: say('usual'), since, stays: true }), draw()), 400);
  try {
    const done = await work();
    pane.quiet();
    showNetwork(true, say);
    return done;
  } catch (error) {
    failed(error);
  } finally {
    clearTimeout(slow);
    setBusy(false);
    draw();
    if (pane.said?.focus && !pane.holdsFocus) toSearch();
  }
}

/** @param {unknown} error */
function failed(error) {
  if (error instanceof NetworkLost || (error instanceof Refused && error.passing && !error.lasting)) return unknown(error);
  if (!(error instanceof Refused)) throw error;
  showNetwork(true, say);
  if (error.loggedOut) return pane.tell(loggedOut(say, order, pieces()));
  order.refused();
  const { title, detail, ref, item_id, left: had, until, available_points } = error.problem;
  /** @type {Words} */
  const words = { kind: 'stop', word: title ?? say('failed'), more: detail, ref, focus: true };
  if (OVER.includes(error.code)) words.buttons = [[say('start_over'), nextCustomer]];
  if (typeof available_points === 'number') order.setAvailable(available_points);
  const item = shelf.items.get(item_id);
  if (item && order.count(item.id)) {
    const has = Number(had ?? 0);
    if (!until) shelf.setStock(item, has);
    tooFew.set(item.id, { has, held: Boolean(until) });
    Object.assign(words, tooMany(say, item, has, () => (take(item, has - order.count(item.id)), toSearch())));
  }
  pane.tell(words);
}

/** Nobody knows yet whether it worked: say so, and ask again with the same key until an answer comes. @param {unknown} [error] */
function unknown(error) {
  if (error instanceof NetworkLost) showNetwork(false, say);
  if (!order.unfinished && ask === confirmOrder) return pane.tell({ kind: 'look', sign: 'offline', word: say('lost_open'), more: say('lost_open_do') });
  const problem = error instanceof Refused ? error.problem : {};
  const since = pane.said?.since ?? Date.now();
  const words = lost(say, { mustAsk: order.mustAsk, pieces: pieces(), problem, since, again: () => ask() });
  if (pane.said?.word !== words.word) pane.tell(words);
  clearTimeout(askTimer);
  askTimer = setTimeout(() => ask(), ASK_AGAIN_MS);
}

/** @param {any} receipt */
function showReceipt(receipt) {
  receiptShown = true;
  signal('ok');
  tooFew.clear();
  pane.quiet();
  pane.speak(drawReceipt(receipt, say));
  for (const { item_id, quantity } of receipt.lines) {
    const item = shelf.items.get(item_id);
    if (item) shelf.setStock(item, item.stock - quantity);
  }
  shelf.clearSearch();
  draw();
  byId('next-customer').focus();
}

function nextCustomer() {
  clearTimeout(askTimer);
  receiptShown = false;
  ask = confirmOrder;
  order.clear();
  tooFew.clear();
  latest = undefined;
  opened = false;
  pane.quiet();
  shelf.clearSearch();
  draw();
  camera.forget();
  if (!camera.wanted) camera.start();
  toSearch();
}

/** Say nothing more. */
function hush() {
  const inside = pane.holdsFocus;
  pane.quiet();
  draw();
  if (inside) toSearch();
}

/** A full cart costs the member a new code: asked once more. */
function askCancel() {
  if (busy) return;
  if (order.mustAsk) return unknown();
  if (!pieces()) return cancel();
  const before = pane.said;
  const back = () => (before?.stays ? (pane.tell({ ...before, focus: true }), draw()) : (hush(), toSearch()));
  const buttons = /** @type {[string, () => void][]} */ ([[say('cancel_yes'), cancel], [say('cancel_no'), back]]);
  pane.tell({ kind: 'look', word: say('cancel_order'), more: order.bound ? say('cancel_order_do', { name: order.bound.member.masked_name }) : '', buttons, focus: true });
  draw();
}

async function cancel() {
  clearTimeout(askTimer);
  setBusy(true);
  try {
    const receipt = await order.cancel();
    if (receipt) return showReceipt(receipt);
    nextCustomer();
  } catch (error) {
    if (!(error instanceof NetworkLost || error instanceof Refused)) throw error;
    if (error instanceof Refused && error.loggedOut) return pane.tell(loggedOut(say, order, pieces()));
    nextCustomer(); // nothing was confirmed: the server gives hold and code free by itself when their time is over
    if (error instanceof NetworkLost) pane.tell({ kind: 'look', word: say('cancel_unheard'), more: say('cancel_unheard_do') });
    else pane.tell({ kind: 'stop', word: error.problem.title ?? say('failed'), more: error.problem.detail ?? '', ref: error.problem.ref });
  } finally {
    setBusy(false);
    draw();
  }
}

/** @param {boolean} now */
function setBusy(now) {
  busy = now;
  for (const id of ['shelf', 'lines', 'foot']) byId(id).toggleAttribute('inert', now || (id === 'shelf' && order.unfinished !== null));
}

function draw() {
  const { bound } = order;
  const lacks = Boolean(bound) && pieces() > 0 && left() < 0 && !order.unfinished && !busy;
  const fewer = (/** @type {Item} */ item) => (take(item, -1), toSearch());
  if (lacks && !pane.said) pane.tell(short(say, { lines: known(), total: total(), available: bound?.available ?? 0, fewer }));
  const sheet = receiptShown ? 'result' : !bound && !pieces() ? 'next' : opened ? 'open' : 'closed';
  page.dataset.sheet = sheet;
  byId('pane').hidden = receiptShown;
  byId('receipt').hidden = !receiptShown;
  byId('waiting').hidden = Boolean(bound);
  byId('grip').hidden = sheet === 'next';
  byId('grip').setAttribute('aria-expanded', String(opened));
  byId('grip-words').textContent = say('cart', { n: pieces() });
  const locked = busy || order.unfinished !== null;
  drawMember(bound?.member, bound?.available ?? 0);
  byId('change-member').hidden = locked;
  drawLines(known(), { say, take, locked, tooFew });
  drawTiles(shelf.items.values(), (id) => order.count(id));
  drawFoot({ pieces: pieces(), total: total(), left: left(), bound: Boolean(bound), word: pane.said?.main ?? wordOfMain(), ready: isReady() && !busy, mayCancel: !order.mustAsk && (!busy || pane.said?.name === 'lost') }, say);
  setBusy(busy);
}

function wordOfMain() {
  if (busy && order.unfinished) return say('in_the_middle');
  if (!order.bound) return say('scan_first');
  if (!pieces()) return say('pick_first');
  return left() < 0 && !order.unfinished ? say('not_enough', { points: points(-left()) }) : say('confirm', { points: points(total()) });
}

/** What lay here when the page was left: the server says how it stands, and nothing is done before the clerk says so. */
async function resume() {
  draw();
  if (!order.bound) return camera.start();
  const asked = order.unfinished;
  ask = resume;
  const seen = await working(say('asking'), () => order.look());
  if (!seen) return;
  ask = confirmOrder;
  if (seen.receipt) return showReceipt(seen.receipt);
  if (seen.state === 'over') pane.tell({ kind: 'look', word: say('order_over'), more: say('order_over_do'), buttons: [[say('start_over'), nextCustomer]], focus: true });
  else if (asked) pane.tell({ kind: 'look', word: say('not_taken'), more: say('not_taken_do', { name: order.bound?.member.masked_name ?? '' }), buttons: [[say('confirm', { points: points(total()) }), confirmOrder], [say('cancel'), askCancel]], focus: true });
  else toSearch();
  draw();
}

/** Esc: close what is said, then what is typed, then ask whether the order is cancelled. */
function escape() {
  if (busy) return;
  if (pane.said && !pane.said.stays && pane.said.name !== 'short') return hush(), toSearch();
  if (shelf.search.value) return shelf.clearSearch();
  if (!receiptShown && (order.bound || pieces())) askCancel();
}

for (const [id, press] of /** @type {[string, () => void][]} */ ([['confirm', confirmOrder], ['cancel', askCancel], ['change-member', askCancel], ['next-customer', nextCustomer]])) byId(id).addEventListener('click', press);
byId('grip').addEventListener('click', () => ((opened = !opened), draw()));
listenToKeys({ search: shelf.search, escape, change: (by) => Boolean(latest ?? shelf.focused()) && (take(shelf.focused() ?? /** @type {Item} */ (latest), by), true) });
addEventListener('online', () => (showNetwork(true, say), order.unfinished && ask()));
addEventListener('offline', () => showNetwork(false, say));
addEventListener('beforeunload', (event) => (busy || pane.said?.name === 'lost') && order.unfinished && event.preventDefault());
resume();
