"""Callers serving themselves: flow definitions, the engine, FastAGI."""
