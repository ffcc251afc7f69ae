"""Signing a subordinate authority, as `root/sign-intermediate` of Vault's and OpenBao's PKI engine does."""

from __future__ import annotations

import datetime
from dataclasses import dataclass

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.x509.oid import NameOID

from .hierarchy import Hierarchy, key_usage
from .signing import BACKDATED, NotSigned, Signed, common_name_of, duration, read_request, within

LIFETIME = datetime.timedelta(days=32)  # the engine's default lease, 768 hours
ISSUER_HAS_NO_ROOM = "signing certificate has a max path length of zero, and cannot issue further CA certificates"
NO_COMMON_NAME = (
    'the common_name field is required, or must be provided in a CSR with "use_csr_common_name" set to true, '
    'unless "require_cn" is set to false'
)


@dataclass(frozen=True)
class IntermediateSigner:
    """Makes CA certificates under the issuing CA; mounts have no role here, so only the issuer limits the lifetime."""

    hierarchy: Hierarchy

    def sign(self, body: dict[str, object], now: datetime.datetime) -> Signed:
        """The CA certificate for one request; raises NotSigned. Slow: call it in a thread.

        With `use_csr_values` subject and extensions are those of the request, except BasicConstraints; without, the
        subject is the given common name and the key usage that of a plain CA.
        """
        csr = read_request(body)
        as_asked = body.get("use_csr_values") in (True, "true")
        common_name = common_name_of(csr) if as_asked else str(body.get("common_name") or "")
        if not common_name:
            raise NotSigned(NO_COMMON_NAME)
        issuing = self.hierarchy.issuing
        builder = (
            x509.CertificateBuilder()
            .subject_name(
                csr.subject if as_asked else x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common_name)])
            )
            .issuer_name(issuing.certificate.subject)
            .public_key(csr.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - BACKDATED)
            .not_valid_after(within(issuing, now, duration(body["ttl"]) if body.get("ttl") else LIFETIME))
            .add_extension(x509.BasicConstraints(ca=True, path_length=self._path_length(body)), critical=True)
            .add_extension(x509.SubjectKeyIdentifier.from_public_key(csr.public_key()), critical=False)
            .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(issuing.key.public_key()), critical=False)
        )
        kept = (
            [each for each in csr.extensions if not isinstance(each.value, x509.BasicConstraints)] if as_asked else []
        )
        for extension in kept:
            builder = builder.add_extension(extension.value, critical=extension.critical)
        if not any(isinstance(each.value, x509.KeyUsage) for each in kept):
            builder = builder.add_extension(key_usage("key_cert_sign", "crl_sign"), critical=True)
        return Signed(builder.sign(issuing.key, hashes.SHA256()), ())

    def _path_length(self, body: dict[str, object]) -> int | None:
        above = self.hierarchy.issuing.certificate.extensions.get_extension_for_class(x509.BasicConstraints).value
        if above.path_length == 0:
            raise NotSigned(ISSUER_HAS_NO_ROOM)
        asked = body.get("max_path_length", -1)
        if not isinstance(asked, int):
            raise NotSigned("error parsing max_path_length")
        if asked >= 0:
            return asked
        return None if above.path_length is None else above.path_length - 1
