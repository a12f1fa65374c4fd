/**
 * Offers a role only where it counts: some count for the whole center alone. Where a role takes two people, the reason
 * for the second is asked for. Without it the server refuses what is wrong.
 */

import { byId } from './dom.js';

const role = /** @type {HTMLSelectElement} */ (byId('role'));
const place = /** @type {HTMLSelectElement} */ (byId('place_id'));
const places = [...place.options];
const { whole = '', top = '', two = '' } = role.dataset;
const reason = /** @type {HTMLTextAreaElement} */ (byId('reason'));
const optional = /** @type {HTMLElement} */ (document.querySelector('label[for="reason"] span'));

function follow() {
  const chosen = place.value;
  const fits = places.filter((each) => !whole.split(' ').includes(role.value) || each.value === top);
  place.replaceChildren(...fits);
  if (fits.some((each) => each.value === chosen)) place.value = chosen;
  reason.required = place.value === top && two.split(' ').includes(role.value);
  optional.hidden = reason.required;
}

for (const each of [role, place]) each.addEventListener('change', follow);
follow();
