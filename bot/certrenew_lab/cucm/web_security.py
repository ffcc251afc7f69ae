"""What `set web-security` set: the subject fields and the alternate host name of a node."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class WebSecurity:
    """The fields as typed; `alternate` enters the SAN of every later request of the node."""

    unit: str = "Lab"
    organization: str = "Lab"
    locality: str = "London"
    state: str = "London"
    country: str = "GB"
    alternate: str = ""

    def names(self) -> tuple[str, ...]:
        """The additional names for the SAN."""
        return (self.alternate,) if self.alternate else ()
