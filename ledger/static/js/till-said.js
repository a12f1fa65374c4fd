/** What the till says of each trouble, with the acts that lead out of it. Each gives the words for the pane (till-pane.js). */

import { points } from './formats.js';
import { noPayer } from './scanned.js';
import { followed } from './till-pane.js';

/** @typedef {import('./till-pane.js').Words} Words */
/** @typedef {import('./till-shelf.js').Item} Item */
/** @typedef {(key: string, values?: Record<string, string | number>) => string} Say */
/** @typedef {{item: Item, count: number}} Line */

/** Fewer points than the cart costs: one press takes away what would be enough; if nothing alone is, what costs most. @param {Say} say @param {{lines: Line[], total: number, available: number, fewer: (item: Item) => void}} cart @returns {Words} */
export function short(say, { lines, total, available, fewer }) {
  const lack = total - available;
  const byPrice = [...lines].sort((a, b) => a.item.price - b.item.price);
  const enough = byPrice.filter(({ item }) => item.price >= lack);
  const offered = (enough.length ? enough : byPrice.reverse()).slice(0, 2);
  return {
    kind: 'stop',
    name: 'short',
    word: say('not_enough', { points: points(lack) }),
    more: say('short_do', { total: points(total), available: points(available) }),
    buttons: offered.map(({ item }) => [say('one_fewer', { name: item.name }), () => fewer(item)]),
  };
}

/** Fewer goods than the cart asks for: one press takes as many as there are. @param {Say} say @param {Item} item @param {number} had @param {() => void} press @returns {Partial<Words>} */
export const tooMany = (say, item, had, press) => ({
  main: say('mend_first'),
  buttons: [[had ? say('take_only', { name: item.name, n: had }) : say('take_off', { name: item.name }), press]],
});

/** What was scanned is no pay code and no good of this shelf: the cart stays as it is. @param {Say} say @param {import('./scanned.js').Scanned} seen @param {{find: () => void, leave: () => void}} acts @returns {Words} */
export function notHere(say, seen, { find, leave }) {
  const { word, more } = noPayer(seen, say);
  const isGood = seen.kind === 'good' || seen.kind === 'own_code';
  const digits = isGood ? say('scanned', { code: seen.canonical.replace(/^0+/, '') }) : '';
  return { kind: 'look', word, more: followed(digits) + more, buttons: isGood ? [[say('find_by_name'), find], [say('never_mind'), leave]] : [] };
}

/** The log-in has ended: the door is here, and the order is still there when they come back. @param {Say} say @param {{bound: {member: {masked_name: string}} | null, mustAsk: boolean}} order @param {number} pieces @returns {Words} */
export const loggedOut = (say, { bound, mustAsk }, pieces) => ({
  kind: 'look',
  sign: 'key',
  word: say('logged_out'),
  more: !bound ? say('log_in_scan') : mustAsk ? say('log_in_ask') : say('log_in_kept', { name: bound.member.masked_name, n: pieces }),
  link: [say('log_in'), `/log-in?next=${encodeURIComponent(location.pathname)}`],
  main: say('after_log_in'),
  stays: true,
  focus: true,
});

/** No answer came. @param {Say} say @param {{mustAsk: boolean, pieces: number, problem: {title?: string, ref?: string}, since: number, again: () => void}} how @returns {Words} */
export const lost = (say, { mustAsk, pieces, problem, since, again }) => ({
  ...(mustAsk
    ? { word: say('lost_confirm'), more: say('lost_confirm_do'), main: say('wait_for_answer'), buttons: [[say('ask_now'), again]] }
    : { sign: 'offline', word: problem.title ?? say('lost_before'), more: say('lost_before_do', { n: pieces }), main: say('wait_for_network'), buttons: [[say('try_now'), again]] }),
  ...{ kind: 'look', name: 'lost', ref: problem.ref, since, stays: true, focus: true },
});
