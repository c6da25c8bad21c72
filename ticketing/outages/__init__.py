"""Outages that are known: where, until when, and what callers are told of them in both languages."""
