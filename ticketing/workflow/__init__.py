"""Workflow definitions and what they allow: pure, without I/O, clock or ids of its own."""
