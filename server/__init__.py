"""Puts the rooms together: app, wiring, command line."""
