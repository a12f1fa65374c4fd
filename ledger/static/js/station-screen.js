/**
 * The screen in the station: the rotating code as large as fits, seconds left, what is on now and next, who has come,
 * and whether the network is there. A code lets in a few people only; the screen has the next ones already and shows
 * them as people come. The page is ui/station_screen.html.
 */

import { NetworkLost, Refused, call } from './api.js';
import { byId, el, icon, json, showSvg, speaker, turnRing } from './dom.js';
import encodeQR from '../vendor/qr/index.js';
import { clockTime, dayWords } from './formats.js';

const page = byId('station');
const { stationId = '', zone } = page.dataset;
const say = speaker(json('words'));
const POLL_MS = 30_000;

/** The server accepts two earlier steps: then a code without network is no use any more. */
const STEPS_ACCEPTED = 3;

/** @type {{serial: number, url: string, valid_from: string, valid_until: string}[]} */
let serials = [];
let shown = '';
let mayComeIn = false;
/** What the server last said of how many came: the serial in force in the step that ends then. */
let came = { serial: 0, valid_until: '' };
/** @type {string | null} */
let etag = null;
let counting = false;

let validUntil = 0;
let step = 30;
let offset = 0; // server's clock minus ours: a PC in a village may be minutes off
let asking = false;

const now = () => Date.now() + offset;

/** @param {any} answer @param {string | null} date */
function show(answer, date) {
  offset = (Date.parse(answer.server_time ?? date ?? '') || Date.now()) - Date.now();
  step = answer.step_seconds;
  serials = answer.serials;
  came = { serial: serials[0].serial, valid_until: answer.valid_until };
  mayComeIn = Boolean(answer.now);
  byId('station-qr').classList.remove('nx-station__qr--old');
  byId('station-gone').hidden = true;
  draw();
  byId('now').hidden = !('now' in answer);
  showNow(answer.now);
  showNext(answer.next);
  byId('arrivals').replaceChildren(...(answer.arrivals ?? []).map(arrival));
  network('online', say('online'));
}

/** Show the code in force: of the step that it is now, the serial that the server named, or the first. */
function draw() {
  const at = now();
  const ofStep = serials.filter((each) => Date.parse(each.valid_from) <= at && at < Date.parse(each.valid_until));
  const wanted = came.valid_until === ofStep[0]?.valid_until ? came.serial : ofStep[0]?.serial;
  const found = ofStep.find((each) => each.serial === wanted);
  if (!found) return false;
  validUntil = Date.parse(found.valid_until);
  if (found.url !== shown) showSvg(byId('station-svg'), picture(encodeQR(found.url, 'raw', { border: 2 })));
  shown = found.url;
  return true;
}

/** @param {boolean[][]} rows true is dark */
function picture(rows) {
  const dark = rows.flatMap((row, y) => row.flatMap((on, x) => (on ? [`M${x} ${y}h1v1h-1z`] : [])));
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${rows.length} ${rows.length}" shape-rendering="crispEdges" aria-hidden="true"><path d="${dark.join('')}"/></svg>`;
}

/** Every second while people may come in: how many the code has let in. Somebody new is worth asking for everything. */
async function count() {
  if (counting || asking || !mayComeIn || document.hidden) return;
  counting = true;
  try {
    const answer = await call('GET', `/stations/${encodeURIComponent(stationId)}/arrivals`, { seconds: 4, etag });
    etag = answer.etag ?? etag;
    if (!answer.body) return;
    const more = answer.body.count > 0;
    came = answer.body;
    if (!draw() || more) await poll();
  } catch (error) {
    failed(error);
  } finally {
    counting = false;
  }
}

/** @param {any} shift */
const span = (shift) => `${clockTime(shift.starts_at, zone)}\u2013${clockTime(shift.ends_at, zone)}`;

/** @param {any} shift */
function showNow(shift) {
  byId('now-what').textContent = shift?.activity_name ?? say('nothing_now');
  byId('now-when').textContent = shift ? [span(shift), shift.venue].filter(Boolean).join(say('between')) : '';
  byId('now-come').hidden = !shift || shift.arrived === undefined;
  byId('now-arrived').textContent = String(shift?.arrived ?? '');
  byId('now-expected').textContent = shift?.expected >= shift?.arrived ? say('of_people', { n: shift.expected }) : say('people');
}

/** @param {any} shift */
function showNext(shift) {
  byId('next').hidden = !shift;
  byId('next-what').textContent = shift?.activity_name ?? '';
  byId('next-when').textContent = shift ? [span(shift), shift.opens_at && say('opens', { time: clockTime(shift.opens_at, zone) })].filter(Boolean).join(say('between')) : '';
}

/** @param {any} person */
const arrival = (person) =>
  el('li', {}, icon('ok'), el('b', { text: person.masked_name }), el('span', { class: 'nx-quiet', text: say(person.what === 'out' ? 'out' : 'in') }), el('span', { text: clockTime(person.time, zone) }));

/** @param {'online' | 'offline'} sign @param {string} words */
function network(sign, words) {
  byId('network').replaceChildren(icon(sign), ` ${words}`);
}

/** @param {unknown} error */
function failed(error) {
  if (error instanceof Refused && error.loggedOut) return network('offline', say('log_in_again'));
  if (error instanceof Refused) return network('offline', error.problem.title ?? say('offline'));
  if (!(error instanceof NetworkLost)) throw error;
  network('offline', say('offline'));
  if (validUntil && now() > validUntil + (STEPS_ACCEPTED - 1) * step * 1000) {
    byId('station-qr').classList.add('nx-station__qr--old');
    byId('station-gone').hidden = false;
  }
}

async function poll() {
  if (asking) return;
  asking = true;
  try {
    const answer = await call('GET', `/stations/${encodeURIComponent(stationId)}/code`, { seconds: 8 });
    show(answer.body, answer.date);
  } catch (error) {
    failed(error);
  } finally {
    asking = false;
  }
}

let wasPast = false;

/** Every second: the clock, the ring, and a new code as soon as the step is over. */
function tick() {
  const left = Math.max(0, (validUntil - now()) / 1000);
  byId('clock').textContent = clockTime(now(), zone);
  byId('today').textContent = dayWords(new Date(now()), zone);
  turnRing(byId('ring'), left, step, say('seconds_left', { n: Math.ceil(left) }));
  byId('how').textContent = say('how', { n: Math.ceil(left) });
  draw();
  count();
  const past = left === 0 && validUntil > 0;
  if (past && !wasPast) poll();
  wasPast = past;
}

const stayAwake = () => navigator.wakeLock?.request('screen').catch(() => {});

document.addEventListener('visibilitychange', () => !document.hidden && (stayAwake(), poll()));
addEventListener('online', poll);
setInterval(poll, POLL_MS);
setInterval(tick, 1000);
stayAwake();
poll().then(tick);
