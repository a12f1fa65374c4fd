"""HTTP kit: problem details, permissions on views, idempotency keys, locale."""

import ledger.web.errors
