/**
 * A verification under way: asks the server how far it is and shows it; when it has ended, loads the page again.
 * `<section id="progress" data-verification="ADDRESS">` with [data-step], [data-count] and a <progress>.
 */

import { byId } from './dom.js';
import { points } from './formats.js';

const EVERY_MS = 600;
const place = byId('progress');

async function look() {
  const answer = await fetch(place.dataset.verification ?? '', { headers: { Accept: 'application/json' } });
  if (!answer.ok) return;
  const run = await answer.json();
  if (run.status !== 'running') {
    location.reload();
    return;
  }
  const bar = place.querySelector('progress');
  if (bar) [bar.max, bar.value] = [run.total || 1, run.done];
  const [step, count] = ['[data-step]', '[data-count]'].map((which) => place.querySelector(which));
  if (step && step.textContent !== run.step_text) step.textContent = run.step_text;
  if (count) count.textContent = points(run.done, 0) + (run.total ? ` / ${points(run.total, 0)}` : '');
}

// A network that fails for a moment is asked again; the link beside the bar works without this script.
setInterval(() => look().catch(() => {}), EVERY_MS);
