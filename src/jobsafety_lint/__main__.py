"""`python -m jobsafety_lint` is the command `jobsafety-lint`."""

from __future__ import annotations

from jobsafety_lint.cli import main

if __name__ == "__main__":
    main()
