"""What was recorded: callers' words in the phone menu, and whole calls. Index, files, who may listen, how long."""
