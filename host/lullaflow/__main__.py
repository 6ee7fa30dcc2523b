"""The `lullaflow` command, also as `python -m lullaflow`."""

import sys

EXIT_INTERRUPTED = 130


def main() -> None:
    """Run the command line; whoever presses Ctrl-C, even before it has begun, is left in peace."""
    try:
        from lullaflow.cli import main as run

        run()
    except KeyboardInterrupt:
        sys.exit(EXIT_INTERRUPTED)


if __name__ == "__main__":
    main()
