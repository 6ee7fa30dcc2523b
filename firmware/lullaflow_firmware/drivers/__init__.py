"""One module for each part that hangs on a board: chips, battery, button, LED."""
