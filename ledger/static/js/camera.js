/**
 * QR codes by the camera of the phone, decoded on the page: continuously, on a small picture, the same code once.
 * Where there is no camera the page says why and offers the gun, digits or a photo (`decodePhoto`).
 */

import decodeQR from '../vendor/qr/decode.js';

/** @typedef {'starting' | 'running' | 'insecure' | 'none' | 'denied' | 'busy'} CameraState */

const LONG_SIDE = 720; // enough for a 45-character code at arm's length, and quick on an old phone
const BETWEEN_MS = 70;
const SAME_CODE_MS = 2000; // a code that stays in view counts once; away for so long, it counts again

/**
 * @param {CanvasRenderingContext2D} pen
 * @param {number} timeLimit milliseconds
 * @param {number} [effort]
 */
function decode(pen, timeLimit, effort) {
  const { width, height } = pen.canvas;
  try {
    return decodeQR(pen.getImageData(0, 0, width, height), { timeLimit, ...(effort ? { effort } : {}) });
  } catch {
    return ''; // no code in the picture is the usual case, not an error
  }
}

/**
 * Draw the whole picture, or its middle half at more detail, so that codes near and far are both read.
 * @param {CanvasRenderingContext2D} pen
 * @param {CanvasImageSource} source
 * @param {{width: number, height: number}} size
 * @param {boolean} middle
 * @param {number} longSide
 */
function draw(pen, source, size, middle, longSide) {
  const part = middle ? 0.55 : 1;
  const [width, height] = [size.width * part, size.height * part];
  const scale = Math.min(1, longSide / Math.max(width, height));
  pen.canvas.width = Math.max(1, Math.round(width * scale));
  pen.canvas.height = Math.max(1, Math.round(height * scale));
  const [left, top] = [(size.width - width) / 2, (size.height - height) / 2];
  pen.drawImage(source, left, top, width, height, 0, 0, pen.canvas.width, pen.canvas.height);
}

function newPen() {
  const pen = document.createElement('canvas').getContext('2d', { willReadFrequently: true });
  if (!pen) throw new Error('this browser can not draw');
  return pen;
}

/** @param {unknown} error @returns {CameraState} */
function reason(error) {
  const name = error instanceof DOMException ? error.name : '';
  if (name === 'NotAllowedError' || name === 'SecurityError') return 'denied';
  return name === 'NotReadableError' || name === 'AbortError' ? 'busy' : 'none';
}

export class Camera {
  /**
   * @param {HTMLVideoElement} video
   * @param {{onCode: (code: string) => void, onState: (state: CameraState) => void}} listeners
   */
  constructor(video, { onCode, onState }) {
    this.video = video;
    this.onCode = onCode;
    this.onState = onState;
    this.pen = newPen();
    this.wanted = false;
    this.paused = false;
    this.seen = { code: '', at: -Infinity };
    document.addEventListener('visibilitychange', () => this.#afterAbsence());
  }

  /** Ask for the camera and scan until `stop`. Never raises: what is wrong goes to `onState`. */
  async start() {
    this.wanted = true;
    if (!globalThis.isSecureContext) return this.onState('insecure');
    if (!navigator.mediaDevices?.getUserMedia) return this.onState('none');
    this.onState('starting');
    try {
      const picture = { facingMode: { ideal: 'environment' }, width: { ideal: 1280 }, height: { ideal: 720 } };
      const stream = await navigator.mediaDevices.getUserMedia({ video: picture, audio: false });
      this.video.srcObject = stream;
      await this.video.play();
    } catch (error) {
      return this.onState(reason(error));
    }
    this.onState('running');
    this.#loop();
  }

  stop() {
    this.wanted = false;
    const stream = /** @type {MediaStream | null} */ (this.video.srcObject);
    for (const track of stream?.getTracks() ?? []) track.stop();
    this.video.srcObject = null;
  }

  /** While a question is open nothing is read. @param {boolean} paused */
  hold(paused) {
    this.paused = paused;
  }

  /** Let the code that is still in view count again. */
  forget() {
    this.seen = { code: '', at: -Infinity };
  }

  async #loop() {
    const stream = this.video.srcObject;
    for (let turn = 0; this.wanted && this.video.srcObject === stream; turn += 1) {
      if (!this.paused && !document.hidden && this.video.videoWidth) this.#look(turn % 2 === 1);
      await new Promise((next) => setTimeout(next, BETWEEN_MS));
    }
  }

  /** @param {boolean} middle */
  #look(middle) {
    const size = { width: this.video.videoWidth, height: this.video.videoHeight };
    draw(this.pen, this.video, size, middle, LONG_SIDE);
    const code = decode(this.pen, 25);
    if (!code) return;
    const now = performance.now();
    const known = code === this.seen.code && now - this.seen.at < SAME_CODE_MS;
    this.seen = { code, at: now };
    if (!known) this.onCode(code);
  }

  /** Phones take the camera away from a page in the background. */
  #afterAbsence() {
    const stream = /** @type {MediaStream | null} */ (this.video.srcObject);
    if (document.hidden || !this.wanted || !stream) return;
    if (stream.getVideoTracks().every((track) => track.readyState === 'live')) return;
    this.stop();
    this.start();
  }
}

/**
 * Read the code on a photo, '' when there is none. The photo never leaves the device.
 * @param {Blob} file
 * @returns {Promise<string>}
 */
export async function decodePhoto(file) {
  const picture = await createImageBitmap(file).catch(() => null);
  if (!picture) return '';
  const pen = newPen();
  try {
    for (const longSide of [1000, 1800, 600, 2800]) {
      for (const middle of [false, true]) {
        draw(pen, picture, picture, middle, longSide);
        const code = decode(pen, 400, 8);
        if (code) return code;
      }
    }
    return '';
  } finally {
    picture.close();
  }
}
