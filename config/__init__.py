"""What an installation may change: settings, workflows, flows, calendars, samples for the PBX."""
