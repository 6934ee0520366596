"""One file per family of commands; each has `add_to(app)`."""
