/**
 * The screen in the station: the rotating code as large as fits, seconds left, what is on now and next, who has come,
 * and whether the network is there. The page is ui/station_screen.html.
 */

import { NetworkLost, Refused, call } from './api.js';
import { byId, el, icon, json, showSvg, speaker, turnRing } from './dom.js';
import { clockTime, dayWords } from './formats.js';

const page = byId('station');
const { stationId = '', zone } = page.dataset;
const say = speaker(json('words'));
const POLL_MS = 5000;

/** The server accepts two earlier steps: then a code without network is no use any more. */
const STEPS_ACCEPTED = 3;

let validUntil = 0;
let step = 30;
let offset = 0; // server's clock minus ours: a PC in a village may be minutes off
let asking = false;

const now = () => Date.now() + offset;

/** @param {any} answer @param {string | null} date */
function show(answer, date) {
  offset = (Date.parse(answer.server_time ?? date ?? '') || Date.now()) - Date.now();
  validUntil = Date.parse(answer.valid_until);
  step = answer.step_seconds;
  byId('station-qr').classList.remove('nx-station__qr--old');
  byId('station-gone').hidden = true;
  showSvg(byId('station-svg'), answer.qr_svg);
  byId('now').hidden = !('now' in answer);
  showNow(answer.now);
  showNext(answer.next);
  byId('arrivals').replaceChildren(...(answer.arrivals ?? []).map(arrival));
  network('online', say('online'));
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
