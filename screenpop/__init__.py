"""All that a browser shows: pops, agent desk, pages, the live socket."""
