"""One small file for each board that the firmware knows: which part hangs on which pin."""
