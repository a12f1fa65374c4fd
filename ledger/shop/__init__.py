"""The shop: from a code on a phone to goods over the counter."""

import ledger.shop.errors
