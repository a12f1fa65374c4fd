// Draws the API's documentation; outside the page, because its policy allows no inline script.
const place = document.getElementById('swagger-ui');
window.SwaggerUIBundle({ url: place.dataset.document, domNode: place, validatorUrl: null });
