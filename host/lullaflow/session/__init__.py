"""From inputs to events: when a session begins and ends, what is slow, what happens now. Pure."""
