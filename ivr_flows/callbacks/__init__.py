"""Callers who are called back instead of waiting: kept in order, dialled when an agent is free, retried by rule."""
