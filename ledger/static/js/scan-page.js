/**
 * The clerk's check-in page: who is this, in or out? Every scan is written down first (scan-queue.js) and then sent, one
 * after another with its own client_scan_id, so that a lost network only delays it. The page is ui/scan_screen.html.
 */

import { NetworkLost, Refused, call, newKey } from './api.js';
import { byId, el, icon, json, speaker } from './dom.js';
import { signal } from './feedback.js';
import { clockTime, points } from './formats.js';
import { openInputs } from './scan-inputs.js';
import { ScanQueue } from './scan-queue.js';

/** @typedef {import('./scan-queue.js').Scan} Scan */
/** @typedef {'ok' | 'look' | 'stop'} Kind */
/** @typedef {{kind: Kind, word: string, more: string, ref?: string, time: string}} Result */

const page = byId('scan');
const { stationId, owner = '', zone } = page.dataset;
const say = speaker(json('words'));
const queue = new ScanQueue(owner);
const RECENT = 5;
const TRY_AGAIN_MS = 5000;

let intent = 'auto';
let unsent = 0;
let sending = false;
let more = false; // a scan came while others were being sent
/** @type {{body: any, reason: string} | null} */
let question = null;
/** @type {Result[]} */
const results = [];

const camera = openInputs({ onCode: scanned, onNoCode: (word, more) => show({ kind: 'look', word, more, time: '' }) });

/** @param {any} text a sentence, or the same in both languages */
const pick = (text) => (typeof text === 'string' ? text : (text?.[document.documentElement.lang.startsWith('en') ? 'en' : 'zh'] ?? ''));

/** @param {string} code */
async function scanned(code) {
  if (question) return signal('look');
  await keep({ intent, card: code });
}

/** Write a scan down, then send what waits. @param {any} body */
async function keep(body) {
  const id = newKey();
  const now = new Date();
  const whole = { ...body, client_scan_id: id, ...(stationId ? { station_id: stationId } : {}), scanned_at: now.toISOString() };
  await queue.put({ client_scan_id: id, owner, body: whole, at: now.getTime(), tries: 0 });
  unsent += 1;
  await sendAll();
}

/** One at a time, oldest first; a scan that the server can't take now does not stop the ones behind it. */
async function sendAll() {
  more = true;
  if (sending || question) return;
  sending = true;
  try {
    more = false;
    const tried = new Set();
    for (let scan = await next(tried); scan; scan = await next(tried)) {
      tried.add(scan.client_scan_id);
      if (!(await send(scan))) break;
    }
  } finally {
    sending = false;
    await showQueue();
  }
  if (more) await sendAll();
}

/** @param {Set<string>} tried @returns {Promise<Scan | undefined>} */
const next = async (tried) => (await queue.all()).find((scan) => !tried.has(scan.client_scan_id));

/** @param {Scan} scan @returns {Promise<boolean>} whether to go on with the next one */
async function send(scan) {
  try {
    const answer = await call('POST', '/checkins', { body: scan.body, key: scan.client_scan_id });
    await queue.remove(scan.client_scan_id);
    show(resultOf(answer.body, answer.body.outcome === 'ok' ? 'ok' : 'look'));
    return true;
  } catch (error) {
    if (error instanceof NetworkLost) return waits(scan, say('kept_here'), say('kept_here_do'), false);
    if (!(error instanceof Refused)) throw error;
    if (error.loggedOut) return waits(scan, say('log_in_again'), say('log_in_again_do'), false);
    if (error.passing) return waits(scan, say('server_busy'), say('kept_here_do'), true);
    await queue.remove(scan.client_scan_id);
    const reason = questionIn(error);
    if (reason) ask(scan, error.problem, reason);
    else show(resultOf(error.problem, 'stop'));
    return !question;
  }
}

/**
 * @param {Scan} scan
 * @param {string} word
 * @param {string} more
 * @param {boolean} goOn
 */
async function waits(scan, word, more, goOn) {
  if (scan.tries === 0) show({ kind: 'look', word, more, time: clockTime(scan.at, zone) });
  await queue.put({ ...scan, tries: scan.tries + 1 });
  return goOn;
}

/** The reason the server asks about (409), to be sent back under `confirmed`. @param {Refused} error */
const questionIn = ({ status, code, problem }) =>
  status === 409 && code !== 'checkin.wrong_state' && code.startsWith('checkin.') ? (problem.reason ?? code.slice('checkin.'.length).toUpperCase()) : '';

/** @param {any} attendance @returns {string} activity, its time, and after a check-out what was earned */
function aboutShift(attendance) {
  if (!attendance) return '';
  const { activity_name: activity, shift_starts_at: from, shift_ends_at: to, closed_at: closed, minutes } = attendance;
  const time = from && to ? `${clockTime(from, zone)}\u2013${clockTime(to, zone)}` : '';
  const earned = closed && minutes ? say('earned', { minutes, points: points(attendance.points ?? 0, 2, true) }) : '';
  return [[activity, time].filter(Boolean).join(' '), earned].filter(Boolean).join(say('between'));
}

/** @param {any} answer @param {Kind} kind @returns {Result} */
function resultOf(answer, kind) {
  const { attendance } = answer;
  const what = pick(answer.reason_text) || answer.title || say('done');
  const name = attendance?.masked_name ?? answer.masked_name ?? '';
  const more = [aboutShift(attendance), answer.detail].filter(Boolean).join(' ');
  return { kind, word: name ? `${name}\u3000${what}` : what, more, ref: answer.ref, time: clockTime(answer.server_time ?? Date.now(), zone) };
}

/** @param {Result} result */
function show(result) {
  signal(result.kind);
  const ref = result.ref ? el('p', {}, say('ref'), el('span', { class: 'nx-ref', text: result.ref })) : '';
  const text = el('div', { class: 'nx-last__text' }, el('p', { class: 'nx-last__word', text: result.word }), el('p', { text: result.more }), ref);
  byId('last').replaceChildren(el('div', { class: `nx-last nx-last--${result.kind}`, 'data-kind': result.kind }, icon(result.kind), text));
  const before = results.slice(0, RECENT);
  results.unshift(result);
  results.length = Math.min(results.length, RECENT + 1);
  byId('recent').replaceChildren(...before.map(line));
  byId('recent-sheet').hidden = before.length === 0;
}

/** @param {Result} result */
const line = (result) =>
  el('li', { class: `nx-mini nx-mini--${result.kind}` }, icon(result.kind), el('span', {}, el('span', { class: 'visually-hidden', text: say(`kind_${result.kind}`) }), result.word), el('span', { class: 'nx-num nx-quiet', text: result.time }));

/** The server asks before it does this one: nothing else is scanned until the clerk has answered. @param {Scan} scan @param {any} problem @param {string} reason */
function ask(scan, problem, reason) {
  const result = resultOf(problem, 'look');
  question = { body: scan.body, reason };
  camera.hold(true);
  signal('look');
  byId('ask-word').textContent = result.word;
  byId('ask-more').textContent = result.more;
  byId('ask').hidden = false;
  byId('ask-yes').focus();
}

/** @param {boolean} yes */
async function answered(yes) {
  const asked = question;
  question = null;
  byId('ask').hidden = true;
  camera.hold(false);
  if (!asked) return;
  const { client_scan_id: _old, confirmed = [], ...body } = asked.body;
  if (yes) await keep({ ...body, confirmed: [...confirmed, asked.reason] });
  else show({ kind: 'look', word: say('not_done'), more: say('not_done_more'), time: clockTime(Date.now(), zone) });
  await sendAll();
}

async function showQueue() {
  unsent = (await queue.all()).length;
  const bar = byId('queue');
  bar.classList.toggle('nx-queue--clear', unsent === 0);
  bar.replaceChildren(
    icon(unsent ? 'offline' : 'ok'),
    ...(unsent ? [el('strong', { class: 'nx-figure', id: 'queue-count', text: String(unsent) })] : []),
    el('span', { class: 'flex-fill' }, el('b', { text: say(unsent ? 'queue_waiting' : 'queue_clear') }), unsent ? el('br') : '', unsent ? say('queue_waiting_do') : ''),
  );
}

/** @param {HTMLElement} button */
function choose(button) {
  intent = button.dataset.intent ?? 'auto';
  for (const other of page.querySelectorAll('[data-intent]')) other.setAttribute('aria-pressed', String(other === button));
  camera.forget();
}

for (const button of page.querySelectorAll('[data-intent]')) button.addEventListener('click', () => choose(/** @type {HTMLElement} */ (button)));
byId('ask-yes').addEventListener('click', () => answered(true));
byId('ask-no').addEventListener('click', () => answered(false));
addEventListener('online', sendAll);
addEventListener('beforeunload', (event) => unsent && event.preventDefault());
setInterval(() => unsent && !question && sendAll(), TRY_AGAIN_MS);
camera.start();
sendAll();
