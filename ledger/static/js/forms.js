/**
 * What every form does: it is sent once, says after 400 ms what is happening, and loses nothing that was typed.
 * Pages work without this script; it is loaded on every page.
 */

const SAY_AFTER_MS = 400;
const SAY_MORE_AFTER_MS = 4000;
const PLACE = 'nx-kept:';

/** @param {HTMLFormElement} form */
const keptAt = (form) => `${PLACE}${location.pathname}#${form.id || form.getAttribute('action') || ''}`;

/** @param {HTMLFormElement} form @returns {(HTMLInputElement | HTMLTextAreaElement | HTMLSelectElement)[]} */
const fieldsOf = (form) =>
  /** @type {any} */ ([...form.elements].filter((field) => /** @type {any} */ (field).name && !(field.matches('button, [type=hidden], [type=password], [type=file], [autocomplete=off]'))));

/** @param {HTMLFormElement} form */
function keep(form) {
  const values = fieldsOf(form).map((field) => [field.name, field instanceof HTMLInputElement && field.type === 'checkbox' ? field.checked : field.value]);
  sessionStorage.setItem(keptAt(form), JSON.stringify(Object.fromEntries(values)));
}

/** Give back what was typed, but never over what the server kept. @param {HTMLFormElement} form */
function giveBack(form) {
  const kept = JSON.parse(sessionStorage.getItem(keptAt(form)) ?? '{}');
  if (form.querySelector('[aria-invalid]')) return;
  for (const field of fieldsOf(form)) {
    if (!(field.name in kept)) continue;
    if (field instanceof HTMLInputElement && field.type === 'checkbox') field.checked = kept[field.name];
    else if (!field.value || field instanceof HTMLSelectElement) field.value = kept[field.name];
  }
}

/** @param {HTMLFormElement} form @param {HTMLElement | null} button */
function saySlow(form, button) {
  const words = document.createElement('p');
  words.textContent = button?.dataset.slow ?? '';
  if (!words.textContent || form.dataset.sent !== '1') return;
  const box = document.createElement('div');
  box.className = 'nx-slow';
  box.setAttribute('role', 'status');
  box.dataset.slowBox = '1';
  box.append(words);
  form.append(box);
  setTimeout(() => box.isConnected && words.append(` ${button?.dataset.slowMore ?? ''}`), SAY_MORE_AFTER_MS);
}

/** @param {SubmitEvent} event */
function sent(event) {
  const form = /** @type {HTMLFormElement} */ (event.target);
  // A form that answers with a file leaves the page as it is: data-repeat lets it be sent again.
  if (event.defaultPrevented || form.method !== 'post' || form.hasAttribute('data-repeat')) return;
  if (form.dataset.sent === '1') return event.preventDefault();
  form.dataset.sent = '1';
  const button = /** @type {HTMLElement | null} */ (event.submitter);
  for (const other of form.querySelectorAll('[type=submit]')) other.setAttribute('aria-disabled', 'true');
  setTimeout(() => saySlow(form, button), SAY_AFTER_MS);
}

/** Back by the browser's arrow: the page comes as it was left, so it must be usable again. */
function open() {
  for (const form of document.querySelectorAll('form[data-sent]')) {
    form.removeAttribute('data-sent');
    form.querySelector('[data-slow-box]')?.remove();
    for (const other of form.querySelectorAll('[type=submit]')) other.removeAttribute('aria-disabled');
  }
}

/** What was saved is not kept any longer; the server says so by a state with data-done. */
function forgetSaved() {
  if (!document.querySelector('[data-done]')) return;
  for (const key of Object.keys(sessionStorage)) if (key.startsWith(PLACE)) sessionStorage.removeItem(key);
}

/** Show what is typed into a password field, or dots again. @param {HTMLElement} button */
function offerToShow(button) {
  const field = /** @type {HTMLInputElement} */ (document.getElementById(button.dataset.show ?? ''));
  const [show, hide] = [button.textContent, button.dataset.hide ?? ''];
  /** @param {boolean} shown */
  const turn = (shown) => {
    field.type = shown ? 'text' : 'password';
    button.textContent = shown ? hide : show;
  };
  button.hidden = false;
  button.setAttribute('aria-controls', field.id);
  button.addEventListener('click', () => turn(field.type === 'password'));
  // What a browser keeps, and may offer again, is a password only while it is sent as one.
  field.form?.addEventListener('submit', () => turn(false));
}

forgetSaved();
for (const button of /** @type {NodeListOf<HTMLElement>} */ (document.querySelectorAll('[data-show]'))) offerToShow(button);
for (const form of /** @type {NodeListOf<HTMLFormElement>} */ (document.querySelectorAll('form[data-keep]'))) {
  giveBack(form);
  form.addEventListener('input', () => keep(form));
}
document.addEventListener('submit', sent);
addEventListener('pageshow', (event) => event.persisted && open());
/** @type {HTMLElement | null} */ (document.querySelector('[data-focus]'))?.focus();
for (const button of document.querySelectorAll('[data-print]')) button.addEventListener('click', () => print());
