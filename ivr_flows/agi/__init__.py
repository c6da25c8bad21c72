"""FastAGI: the line between Asterisk's dialplan and our flows."""
