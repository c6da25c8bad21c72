"""The telephone side: AMI link, live board, call control, journal, practice PBX."""
