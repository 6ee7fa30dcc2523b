"""The daemon: everything wired in one task group. Import its modules; some of them take time."""
