"""`python -m certrenew` and the `certrenew` command."""

from certrenew.cli.main import main

__all__ = ["main"]

if __name__ == "__main__":
    main()
