"""`python -m tinygrad_edu`: the command line."""

from tinygrad_edu.cli import main

if __name__ == "__main__":
    raise SystemExit(main())
