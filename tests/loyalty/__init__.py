"""The ledger's promises over a long time, held against a plain model of them."""
