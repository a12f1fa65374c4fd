/**
 * Offers a role only where it counts: some count for the whole center alone. Without it the server refuses the others.
 */

import { byId } from './dom.js';

const role = /** @type {HTMLSelectElement} */ (byId('role'));
const place = /** @type {HTMLSelectElement} */ (byId('place_id'));
const places = [...place.options];
const { whole = '', top = '' } = role.dataset;

function follow() {
  const chosen = place.value;
  const fits = places.filter((each) => !whole.split(' ').includes(role.value) || each.value === top);
  place.replaceChildren(...fits);
  if (fits.some((each) => each.value === chosen)) place.value = chosen;
}

role.addEventListener('change', follow);
follow();
