"""The demonstration: a lab, a bot that uses it as if it were real, and if wanted somebody who plays the people."""

from certrenew.cli.demo.command import demo

__all__ = ["demo"]
