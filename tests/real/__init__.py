"""Real parts for tests: an Asterisk of our own, SIPp phones and callers, recorded traces."""
