"""The journal: what a PBX said and what we asked of it, kept for a while so that every surprise can be explained."""
