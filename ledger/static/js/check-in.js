/** The volunteer has scanned the code and logged in: send the scan without another touch. The button is for no script. */

import { byId } from './dom.js';

const form = /** @type {HTMLFormElement} */ (byId('check-in'));
form.requestSubmit(form.querySelector('button'));
