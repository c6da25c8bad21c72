"""Asterisk's end of AGI: callers of the practice PBX go through flows as those of a real one do.

Written from what Asterisk 22.10 answers on the wire; tests/contract/test_agi_client.py asks both the same.
"""
