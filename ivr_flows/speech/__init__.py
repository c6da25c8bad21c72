"""How flows sound: what is said of a value (pure), sounds made from text, and which file says which piece."""
