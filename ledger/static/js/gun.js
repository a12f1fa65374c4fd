/**
 * A scanner gun types like a keyboard, very fast, and ends with Enter. It is heard anywhere on the page, without focus;
 * what it types into a field that happens to have the focus is taken out again.
 */

const IN_FIELD_MS = 55; // between two keys: a gun needs 1 to 40, the fastest person more
const ELSEWHERE_MS = 300; // where nobody types, a slow PC or a Bluetooth gun may take its time
const SHORTEST = 6;

/** Chinese input methods hide the letters behind "Process"; the key itself still says where it is. */
const BY_PLACE = /** @type {Record<string, [string, string]>} */ ({
  Digit3: ['3', '#'], Slash: ['/', '?'], Period: ['.', '>'], Minus: ['-', '_'], Semicolon: [';', ':'], Equal: ['=', '+'],
});

/** @param {KeyboardEvent} event */
function character(event) {
  if (event.ctrlKey || event.altKey || event.metaKey) return '';
  if (event.key.length === 1) return event.key;
  if (event.key !== 'Process' && event.key !== 'Unidentified') return '';
  const letter = /^Key([A-Z])$/.exec(event.code)?.[1];
  if (letter) return event.shiftKey ? letter : letter.toLowerCase();
  return BY_PLACE[event.code]?.[event.shiftKey ? 1 : 0] ?? /^(?:Digit|Numpad)(\d)$/.exec(event.code)?.[1] ?? '';
}

/** @param {EventTarget | null} target */
const typedInto = (target) =>
  (target instanceof HTMLInputElement && !['button', 'checkbox', 'file', 'radio', 'submit'].includes(target.type)) ||
  target instanceof HTMLTextAreaElement
    ? target
    : null;

/**
 * Call `onCode` with every code a gun types. Gives a function that stops listening.
 * @param {(code: string) => void} onCode
 */
export function listenToGun(onCode) {
  let typed = '';
  let last = 0;
  let before = '';

  /** @param {KeyboardEvent} event */
  function heard(event) {
    const field = typedInto(event.target);
    const quick = event.timeStamp - last < (field ? IN_FIELD_MS : ELSEWHERE_MS);
    if (event.code === 'Enter' || event.code === 'NumpadEnter' || event.key === 'Enter') {
      const code = quick && typed.length >= SHORTEST ? typed : '';
      typed = '';
      if (!code) return;
      event.preventDefault(); // else a focused button is pressed, or a form is sent
      event.stopPropagation();
      if (field) {
        field.value = before;
        field.dispatchEvent(new Event('input', { bubbles: true })); // what followed the typing follows it back
      }
      onCode(code);
      return;
    }
    const next = character(event);
    if (!next) return; // Shift of a capital letter comes between
    if (!quick) {
      typed = '';
      before = field?.value ?? '';
    }
    typed += next;
    last = event.timeStamp;
  }

  document.addEventListener('keydown', heard, { capture: true });
  return () => document.removeEventListener('keydown', heard, { capture: true });
}
