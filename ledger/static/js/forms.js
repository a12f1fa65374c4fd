/**
 * What every form does: it is sent once, says after 400 ms what is happening, and loses nothing that was typed.
 * Pages work without this script; it is loaded on every page.
 */

const SAY_AFTER_MS = 400;
const SAY_MORE_AFTER_MS = 4000;
const PLACE = 'nx-kept:';
const SENT = 'nx-sent';

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

/** Fields whose text may lie in the browser for a while: no password and no code. @param {HTMLFormElement} form */
const typedIn = (form) =>
  /** @type {(HTMLInputElement | HTMLTextAreaElement | HTMLSelectElement)[]} */ (
    [...form.elements].filter((field) => /** @type {any} */ (field).name && !field.matches('button, [type=hidden], [type=password], [type=file], [autocomplete=one-time-code], [autocomplete=username]'))
  );

/** @param {HTMLElement} field */
const isTick = (field) => field instanceof HTMLInputElement && (field.type === 'checkbox' || field.type === 'radio');

/** Who reads this page, by a name that no person knows; empty for strangers. */
const reader = () => document.querySelector('meta[name=reader]')?.getAttribute('content') ?? '';

/** What was typed, if the log-in has ended meanwhile: the same person finds it again. @param {HTMLFormElement} form */
function holdSent(form) {
  if (!reader() || form.hasAttribute('data-log-in')) return;
  const values = typedIn(form).map((field) => [field.name, isTick(field) ? /** @type {any} */ (field).checked && field.value : field.value]);
  sessionStorage.setItem(SENT, JSON.stringify({ reader: reader(), action: form.getAttribute('action'), values }));
}

/** Give back what was typed into a form that came too late for its log-in; any other page forgets it. */
function giveBackSent() {
  const held = JSON.parse(sessionStorage.getItem(SENT) ?? 'null');
  if (!held) return;
  const refused = /** @type {HTMLElement | null} */ (document.querySelector('[data-awaits-log-in]'));
  if (refused) {
    refused.hidden = false;
    sessionStorage.setItem(SENT, JSON.stringify({ ...held, awaits: true }));
  }
  if (refused || document.querySelector('form[data-log-in]')) return;
  sessionStorage.removeItem(SENT);
  const form = [.../** @type {NodeListOf<HTMLFormElement>} */ (document.querySelectorAll('form[method=post]'))].find((each) => each.getAttribute('action') === held.action);
  if (!form || !held.awaits || held.reader !== reader()) return;
  const fields = typedIn(form);
  for (const [at, [name, value]] of held.values.entries()) {
    const field = fields[at]?.name === name ? fields[at] : fields.find((each) => each.name === name);
    if (!field) continue;
    if (isTick(field)) /** @type {HTMLInputElement} */ (field).checked = value !== false;
    else field.value = value;
  }
  for (let box = form.closest('details'); box; box = box.parentElement?.closest('details') ?? null) box.open = true;
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
  holdSent(form);
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

/**
 * A button that copies what the page shows elsewhere, without its spaces; only where the browser lets pages do so.
 * @param {HTMLElement} button
 */
function offerToCopy(button) {
  const from = document.querySelector(button.dataset.copy ?? '');
  if (!from || !navigator.clipboard) return;
  button.hidden = false;
  button.addEventListener('click', async () => {
    await navigator.clipboard.writeText((from.textContent ?? '').replaceAll(' ', ''));
    button.textContent = button.dataset.copied ?? '';
  });
}

forgetSaved();
for (const button of /** @type {NodeListOf<HTMLElement>} */ (document.querySelectorAll('[data-copy]'))) offerToCopy(button);
for (const button of /** @type {NodeListOf<HTMLElement>} */ (document.querySelectorAll('[data-show]'))) offerToShow(button);
for (const form of /** @type {NodeListOf<HTMLFormElement>} */ (document.querySelectorAll('form[data-keep]'))) {
  giveBack(form);
  form.addEventListener('input', () => keep(form));
}
giveBackSent();
document.addEventListener('submit', sent);
addEventListener('pageshow', (event) => event.persisted && open());
/** @type {HTMLElement | null} */ (document.querySelector('[data-focus]'))?.focus();
for (const button of document.querySelectorAll('[data-print]')) button.addEventListener('click', () => print());
