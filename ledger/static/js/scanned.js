/**
 * What was scanned or typed at a counter, told by its form, with the same answers as ledger/shop/scan_policy.py:
 * tests/shop/scanned.json is tried on both.
 */

/**
 * @typedef {'card' | 'receipt' | 'payer_code' | 'own_code' | 'good' | 'money' | 'unknown'} Kind
 * @typedef {'' | 'nothing' | 'link' | 'misread' | 'code' | 'digits' | 'text'} Looks
 * @typedef {{kind: Kind, canonical: string, looks: Looks}} Scanned
 */

const INVISIBLE = /[\u00ad\u200b-\u200f\u202a-\u202e\u2060\u2066-\u2069\ufeff]/g;
// eslint-disable-next-line no-control-regex -- separators that guns send between the parts of a reading
const BLANK = /[\s\x1c-\x1f\x85]+/g;
const AIM = /^\][A-Za-z][0-9A-Za-z]/;
const GTIN_LENGTHS = [8, 12, 13, 14];

/** @param {Kind} kind @param {string} canonical @param {Looks} [looks] @returns {Scanned} */
const found = (kind, canonical, looks = '') => ({ kind, canonical, looks });

/** @param {string} digits */
function isMoney(digits) {
  const prefix = Number(digits.slice(0, 2));
  return (digits.length === 18 && prefix >= 10 && prefix <= 15) || (digits.length >= 16 && digits.length <= 24 && prefix >= 25 && prefix <= 30);
}

/** Luhn over all digits. @param {string} digits */
function luhnFits(digits) {
  const sum = [...digits].reverse().reduce((total, digit, place) => {
    const value = Number(digit) * (place % 2 ? 2 : 1);
    return total + (value > 9 ? value - 9 : value);
  }, 0);
  return sum % 10 === 0;
}

/** @param {string} gtin 14 digits */
const gs1Fits = (gtin) => [...gtin].reduce((sum, digit, place) => sum + Number(digit) * (place % 2 ? 1 : 3), 0) % 10 === 0;

/** @param {string} digits */
function digitsOf(digits) {
  if (isMoney(digits)) return found('money', '');
  if (digits.length === 19 && digits[0] === '8') return luhnFits(digits) ? found('payer_code', digits) : found('unknown', digits, 'code');
  if (!GTIN_LENGTHS.includes(digits.length)) return found('unknown', digits, 'digits');
  const gtin = digits.padStart(14, '0');
  if (gtin.startsWith('02')) return found('own_code', gtin);
  return gs1Fits(gtin) ? found('good', gtin) : found('unknown', digits, 'misread');
}

/** @param {string} scanned @returns {Scanned} */
export function classify(scanned) {
  let text = scanned.replace(INVISIBLE, '').normalize('NFKC').replace(BLANK, '').replace(AIM, '').toUpperCase();
  if (/^[0-9]+(-[0-9]+)+$/.test(text)) text = text.replaceAll('-', '');
  if (/^[0-9]+$/.test(text)) return digitsOf(text);
  const receipt = /^HTTPS?:\/\/[^/]+\/R\/([A-Z2-7]{42,})\/?$/.exec(text);
  if (receipt?.[1]) return found('receipt', receipt[1]);
  if (/^[A-Z0-9]{2,8}-[0-9]{4}-[0-9]{6,9}$/.test(text)) return found('receipt', text);
  const card = /(?:^|[^A-Z0-9])([A-Z2-7]{26})\/?$/.exec(text);
  if (card?.[1]) return found('card', card[1]);
  return found('unknown', text, /^HTTPS?:\/\//.test(text) ? 'link' : text ? 'text' : 'nothing');
}

/**
 * What is wrong with a scan that is no payer's code and nothing on this shelf, and the way out.
 * @param {Scanned} scanned @param {ReturnType<typeof import('./dom.js').speaker>} say
 */
export function noPayer({ kind, canonical, looks }, say) {
  const what = kind === 'own_code' ? 'good' : kind;
  if (what !== 'unknown') return { word: say(`scanned_${what}`), more: say(`scanned_${what}_do`) };
  return { word: say('scanned_unknown'), more: say(`looks_${looks}`, { n: canonical.length, text: canonical.slice(0, 20) }) };
}
