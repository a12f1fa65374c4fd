/**
 * The payer's code on the phone: QR (and bars) drawn by the server, seconds left as a ring, a fresh one before it ends.
 * The digits stand behind a tap of their own. The page is ui/payer_screen.html.
 */

import { NetworkLost, Refused, call, newKey } from './api.js';
import { byId, json, showSvg, speaker, turnRing } from './dom.js';
import { grouped } from './formats.js';

const say = speaker(json('words'));
const VALID_SECONDS = 60;
const FRESH_AFTER_SECONDS = 50; // the old one stays good for its own 60 s, so a clerk in mid-scan loses nothing
const TRY_AGAIN_SECONDS = 3;

let code = '';
let drawnAt = -Infinity; // by the clock of this page: a phone that shows a wrong time still turns the ring rightly
let asking = false;
let nextTry = 0;

const seconds = () => performance.now() / 1000;

/** @param {string} word @param {string} more */
function showTrouble(word, more) {
  byId('trouble').hidden = !word;
  byId('trouble-word').textContent = word;
  byId('trouble-more').textContent = more;
}

/** @param {any} answer */
function show(answer) {
  code = answer.code;
  drawnAt = seconds();
  showSvg(byId('payer-qr'), answer.qr_svg);
  byId('payer-bars').hidden = !answer.bars_svg;
  if (answer.bars_svg) showSvg(byId('payer-bars'), answer.bars_svg);
  byId('payer-code').hidden = false;
  byId('payer-digits').textContent = grouped(code);
  showTrouble('', '');
  tick();
}

/** @param {unknown} error */
function failed(error) {
  nextTry = seconds() + TRY_AGAIN_SECONDS;
  const old = seconds() - drawnAt < VALID_SECONDS;
  if (error instanceof NetworkLost) return showTrouble(say('lost'), say(old ? 'lost_old' : 'lost_gone'));
  if (!(error instanceof Refused)) throw error;
  nextTry = seconds() + Math.max(error.retryAfter, error.passing ? TRY_AGAIN_SECONDS : 30);
  showTrouble(error.problem.title ?? say('lost'), error.problem.detail ?? '');
}

async function refresh() {
  if (asking) return;
  asking = true;
  try {
    show((await call('POST', '/payer-codes', { body: {}, key: newKey(), seconds: 8 })).body);
  } catch (error) {
    failed(error);
  } finally {
    asking = false;
  }
}

function tick() {
  const age = seconds() - drawnAt;
  const left = Math.max(0, FRESH_AFTER_SECONDS - age);
  turnRing(byId('ring'), left, FRESH_AFTER_SECONDS, say('seconds_left', { n: Math.ceil(left) }));
  if (age >= VALID_SECONDS) byId('payer-code').hidden = true; // a code that no till takes is not shown
  if (!document.hidden && age >= FRESH_AFTER_SECONDS && seconds() >= nextTry) refresh();
}

function toggleDigits() {
  const shown = byId('payer-digits').hidden;
  byId('payer-digits').hidden = !shown;
  byId('show-digits').setAttribute('aria-expanded', String(shown));
}

/** A screen that goes dark in the queue is no use; where the browser can't, nothing is lost. */
const stayAwake = () => navigator.wakeLock?.request('screen').catch(() => {});

byId('renew').addEventListener('click', () => refresh());
byId('show-digits').addEventListener('click', toggleDigits);
addEventListener('online', () => (nextTry = 0));
document.addEventListener('visibilitychange', () => !document.hidden && (stayAwake(), tick()));
setInterval(tick, 500);
stayAwake();
tick();
