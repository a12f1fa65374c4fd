"""The shop: from a payer's code on a phone to goods over the counter."""

import ledger.shop.errors
