/** How amounts and moments are written: the same as ledger/web/formats.py does it on the server. */

const english = () => document.documentElement.lang.startsWith('en');

/**
 * Minor units as decimals, exactly: 12850 is "128.50", -5500 is "−55.00" (U+2212).
 * @param {number | string | bigint} minor
 * @param {number} [scale]
 * @param {boolean} [sign]
 */
export function points(minor, scale = 2, sign = false) {
  const value = BigInt(minor);
  const digits = String(value < 0n ? -value : value).padStart(scale + 1, '0');
  const whole = digits.slice(0, digits.length - scale).replace(/\B(?=(\d{3})+$)/g, ',');
  const mark = value < 0n ? '\u2212' : sign && value > 0n ? '+' : '';
  return mark + whole + (scale ? `.${digits.slice(-scale)}` : '');
}

/**
 * Show an amount in a `.nx-figure`, its decimals smaller; the unit that stands there stays.
 * @param {Element} figure
 * @param {number} minor
 * @param {number} [scale]
 */
export function showFigure(figure, minor, scale = 2) {
  const text = points(minor, scale);
  const unit = figure.querySelector('.nx-unit');
  const decimals = document.createElement('span');
  decimals.className = 'nx-minor';
  decimals.textContent = scale ? text.slice(-(scale + 1)) : '';
  figure.replaceChildren(scale ? text.slice(0, -(scale + 1)) : text, decimals, ...(unit ? [unit] : []));
}

/**
 * The time of day of an instant in the zone of the page; what is no instant ("14:05") is shown as it came.
 * @param {string | number | Date} at
 * @param {string} [zone]
 */
export function clockTime(at, zone) {
  const moment = new Date(at);
  if (Number.isNaN(moment.getTime())) return String(at);
  const how = { hour: '2-digit', minute: '2-digit', hourCycle: 'h23', timeZone: zone || undefined };
  return new Intl.DateTimeFormat('en-GB', /** @type {any} */ (how)).format(moment);
}

/**
 * A day with its weekday: "6月3日 星期三" or "Wednesday 3 June".
 * @param {number | Date} at
 * @param {string} [zone]
 */
export function dayWords(at, zone) {
  /** @param {any} how */
  const part = (how) => new Intl.DateTimeFormat(english() ? 'en-GB' : 'zh-CN', { timeZone: zone || undefined, ...how }).format(at);
  const day = part({ day: 'numeric', month: 'long' });
  const weekday = part({ weekday: 'long' });
  return english() ? `${weekday} ${day}` : `${day} ${weekday}`;
}

/**
 * Digits in groups of four, as they are read out.
 * @param {string} digits
 */
export const grouped = (digits) => digits.replace(/(\d{4})(?=\d)/g, '$1 ');
