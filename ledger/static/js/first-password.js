/**
 * Fills in the center and the code that a slip's address has after its #, which no server ever sees, and takes them
 * out of the address, so that the history of a shared phone does not keep them.
 */

import { byId } from './dom.js';

const [, center, code] = location.hash.match(/^#([0-9a-z]{13})\.([A-Z0-9-]+)$/) ?? [];

if (center && code) {
  /** @type {HTMLInputElement} */ (byId('center_id')).value = center;
  /** @type {HTMLInputElement} */ (byId('code')).value = code;
  history.replaceState(null, '', location.pathname);
}
