"""How satisfied callers say they were, after a call or a ticket."""
