"""PINs of accounts: how a caller proves to be who may hear of an account. A caller's number never does."""
