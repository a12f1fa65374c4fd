// Draws the API's documentation; outside the page, because its policy allows no inline script.
const place = document.getElementById('swagger-ui');

/** What a screen reader needs and swagger-ui leaves out: a head beside the main part, and headings without a gap. */
function putInOrder() {
  place.querySelector('.information-container')?.setAttribute('role', 'banner');
  for (const heading of place.querySelectorAll('h3.opblock-tag')) heading.setAttribute('aria-level', '2');
  for (const heading of place.querySelectorAll('h4')) heading.setAttribute('aria-level', '3');
}

window.SwaggerUIBundle({ url: place.dataset.document, domNode: place, validatorUrl: null, onComplete: putInOrder });
