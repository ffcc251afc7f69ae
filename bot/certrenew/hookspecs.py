"""The hooks: the whole surface between the bot and its plugins."""

from collections.abc import Sequence

import pluggy

from certrenew.authorities import AnyAuthorityType
from certrenew.certificates import CertificateType

NAME = "certrenew"

hookspec = pluggy.HookspecMarker(NAME)
hookimpl = pluggy.HookimplMarker(NAME)


@hookspec
def register_certificate_types() -> Sequence[CertificateType]:
    """Return the certificate purposes that this plugin can renew."""
    raise NotImplementedError


@hookspec
def register_authorities() -> Sequence[AnyAuthorityType]:
    """Return the certificate authorities that this plugin can send requests to."""
    raise NotImplementedError
