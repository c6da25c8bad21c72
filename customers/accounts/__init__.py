"""Accounts of customers: what is owed, and the last bill."""
