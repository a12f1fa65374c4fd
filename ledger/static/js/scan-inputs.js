/**
 * The four ways a code comes in, on the scan page and at the till: camera, scanner gun, typed digits, photo.
 * Expects #camera (video), #camera-words, #input-words (JSON), and, where offered, #digits-form with #digits, and #photo (file input).
 */

import { Camera, decodePhoto } from './camera.js';
import { byId, json, speaker } from './dom.js';
import { listenToGun } from './gun.js';

/** @typedef {'camera' | 'gun' | 'digits' | 'photo'} Source */

/**
 * @param {{onCode: (code: string, source: Source) => void, onNoCode: (word: string, todo: string) => void}} page
 * @returns {Camera}
 */
export function openInputs({ onCode, onNoCode }) {
  const say = speaker(json('input-words'));
  const video = /** @type {HTMLVideoElement} */ (byId('camera'));
  const words = byId('camera-words');
  const camera = new Camera(video, {
    onCode: (code) => onCode(code, 'camera'),
    onState: (state) => {
      words.textContent = say(`camera_${state}`);
      video.parentElement?.classList.toggle('nx-view--live', state === 'running');
    },
  });
  listenToGun((code) => onCode(code.trim(), 'gun'));
  hearDigits((code) => onCode(code, 'digits'));
  const before = { text: '' };
  hearPhotos({
    onBusy: () => {
      before.text = words.textContent ?? '';
      words.textContent = say('photo_reading');
    },
    onRead: (code) => {
      words.textContent = before.text;
      if (code) onCode(code, 'photo');
      else onNoCode(say('photo_none'), say('photo_none_do'));
    },
  });
  return camera;
}

/** @param {(code: string) => void} onCode */
function hearDigits(onCode) {
  const form = document.getElementById('digits-form');
  form?.addEventListener('submit', (event) => {
    event.preventDefault();
    const field = /** @type {HTMLInputElement} */ (byId('digits'));
    const code = field.value.replace(/\s+/g, '');
    field.value = '';
    if (code) onCode(code);
  });
}

/** @param {{onBusy: () => void, onRead: (code: string) => void}} listeners */
function hearPhotos({ onBusy, onRead }) {
  const field = /** @type {HTMLInputElement | null} */ (document.getElementById('photo'));
  field?.addEventListener('change', async () => {
    const file = field.files?.[0];
    if (!file) return;
    onBusy();
    const code = await decodePhoto(file);
    field.value = ''; // the same photo may be taken again
    onRead(code);
  });
}
