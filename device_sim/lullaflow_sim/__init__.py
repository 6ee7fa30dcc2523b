"""The simulated pump: body, vacuum, sensors and radio round the shipped firmware."""
