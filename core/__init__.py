"""What every room stands on: database, bus, outbox, identity, audit, clock, web helpers."""
