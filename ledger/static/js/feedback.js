/** What a scan sounds and feels like: done, look, stop. Colour and words are never alone, and neither is the sound. */

/** @type {AudioContext | undefined} */
let audio;

/** Browsers let a page sound only after a touch or a key: take the first one. */
function wake() {
  audio ??= new AudioContext();
  if (audio.state === 'suspended') audio.resume().catch(() => {});
}
for (const kind of ['pointerdown', 'keydown']) addEventListener(kind, wake, { passive: true });

/** Tones as [hertz, start, length in seconds], and the vibration in milliseconds. */
const SIGNS = {
  ok: { tones: [[880, 0, 0.09], [1320, 0.1, 0.14]], vibration: [60] },
  look: { tones: [[660, 0, 0.14], [660, 0.22, 0.14]], vibration: [60, 80, 60] },
  stop: { tones: [[220, 0, 0.4]], vibration: [260] },
};

/**
 * @param {AudioContext} context
 * @param {number[]} tone
 */
function sound(context, [hertz, start, length]) {
  const from = context.currentTime + start;
  const voice = context.createOscillator();
  const volume = context.createGain();
  voice.type = hertz < 300 ? 'square' : 'sine';
  voice.frequency.value = hertz;
  volume.gain.setValueAtTime(0.16, from);
  volume.gain.exponentialRampToValueAtTime(0.001, from + length);
  voice.connect(volume).connect(context.destination);
  voice.start(from);
  voice.stop(from + length);
}

/** @param {'ok' | 'look' | 'stop' | 'info'} kind */
export function signal(kind) {
  const sign = SIGNS[kind === 'info' ? 'look' : kind];
  if (audio?.state === 'running') for (const tone of sign.tones) sound(audio, tone);
  if (navigator.userActivation?.hasBeenActive) navigator.vibrate?.(sign.vibration);
}
