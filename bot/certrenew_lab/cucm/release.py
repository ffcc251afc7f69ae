"""What a CUCM release does differently from another, derived from its version string."""

from __future__ import annotations

import re
from dataclasses import dataclass

_FOURTEEN = (14, 0, 1, 0)
_FOURTEEN_SU1 = (14, 0, 1, 11900)
_FOURTEEN_SU2 = (14, 0, 1, 12900)


@dataclass(frozen=True)
class Release:
    """A version such as 15.0.1.12900-234; each property is one documented difference between releases."""

    version: str

    @property
    def numbers(self) -> tuple[int, ...]:
        """The dotted part as numbers, so that releases compare."""
        return tuple(int(part) for part in re.split(r"[.-]", self.version)[:4])

    @property
    def major(self) -> int:
        """12, 14 or 15."""
        return self.numbers[0]

    @property
    def has_rest(self) -> bool:
        """The certificate management API exists from 14."""
        return self.numbers >= _FOURTEEN

    @property
    def has_split_tomcats(self) -> bool:
        """UDS, AXL and SSOSP Tomcat containers and HAProxy exist from 14."""
        return self.numbers >= _FOURTEEN

    @property
    def capf_on_publisher_only(self) -> bool:
        """The CAPF certificate lives on the publisher alone from 14."""
        return self.numbers >= _FOURTEEN

    @property
    def has_multi_server_tvs(self) -> bool:
        """One TVS certificate may serve all nodes from 14."""
        return self.numbers >= _FOURTEEN

    @property
    def asks_for_ou(self) -> bool:
        """`set csr gen` asks about the OU from 14SU1."""
        return self.numbers >= _FOURTEEN_SU1

    @property
    def trust_names_have_serials(self) -> bool:
        """Trust files are called CN_serial from 14SU1."""
        return self.numbers >= _FOURTEEN_SU1

    @property
    def bouncy_castle_dump(self) -> bool:
        """`show cert` uses the BCFIPS layout from 14SU2."""
        return self.numbers >= _FOURTEEN_SU2

    @property
    def refuses_multi_san_import(self) -> bool:
        """The CLI refuses multi-server certificates from 14SU2."""
        return self.numbers >= _FOURTEEN_SU2

    @property
    def itl_signer(self) -> str:
        """The unit whose key signs the ITL file."""
        return "ITLRecovery" if self.major >= 12 else "CallManager"

    @property
    def axl_versions(self) -> tuple[str, ...]:
        """The AXL schema versions this release answers to."""
        ladder = ("15.0", "14.0", "12.5", "12.0", "11.5", "11.0", "10.5", "10.0")
        majors = [15, 14, 12, 11, 10]
        spoken = majors[majors.index(self.major) : majors.index(self.major) + 3]
        return tuple(step for step in ladder if int(step.split(".")[0]) in spoken)
