"""What every kind of definition file stands on: YAML with lines, shapes, labels, problems that say what to do."""
