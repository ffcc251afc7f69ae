"""Signing as Vault's and OpenBao's PKI engine does it, with their defaults, limits and words."""

from __future__ import annotations

import datetime
import re
from dataclasses import dataclass

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from .faults import Mishaps
from .hierarchy import Ca, Hierarchy, PublicKey, key_usage, pem

BACKDATED = datetime.timedelta(seconds=30)  # the engine's not_before_duration
DURATION = re.compile(r"^(\d+)([smhd]?)$")
SECONDS = {"": 1, "s": 1, "m": 60, "h": 3600, "d": 86400}
COMMON_NAME_IGNORED = 'the common_name field was provided but the role is set with "use_csr_common_name" set to true'
LEAF_USAGES = (
    "digital_signature",
    "content_commitment",
    "key_encipherment",
    "data_encipherment",
    "key_agreement",
)  # not keyCertSign: a leaf path never makes a CA

EXTENDED_USAGES = {"IPSECEndSystem": x509.ObjectIdentifier("1.3.6.1.5.5.7.3.5")}


class NotSigned(Exception):
    """The request is against the role; the text is what the engine answers with status 400."""


@dataclass(frozen=True)
class Role:
    """What a role allows. Without `allowed_domains` every name goes."""

    name: str
    allowed_domains: tuple[str, ...] = ()
    ttl: datetime.timedelta = datetime.timedelta(days=397)
    max_ttl: datetime.timedelta = datetime.timedelta(days=825)
    client_flag: bool = True
    ext_key_usage: tuple[str, ...] = ()

    def allows(self, name: str) -> bool:
        return not self.allowed_domains or any(
            name == domain or name.endswith(f".{domain}") for domain in self.allowed_domains
        )


@dataclass(frozen=True)
class Signed:
    certificate: x509.Certificate
    warnings: tuple[str, ...]

    @property
    def serial(self) -> str:
        """Spelt as the engine does, such as "0a:1b:2c"."""
        digits = f"{self.certificate.serial_number:x}"
        digits = digits.zfill(len(digits) + len(digits) % 2)
        return ":".join(digits[at : at + 2] for at in range(0, len(digits), 2))


@dataclass(frozen=True)
class Signer:
    hierarchy: Hierarchy

    def sign(
        self, body: dict[str, object], role: Role, now: datetime.datetime, mishaps: Mishaps, *, verbatim: bool
    ) -> Signed:
        """The certificate for one sign request; raises NotSigned. Slow: call it in a thread."""
        csr = read_request(body)
        ends, warnings = self._lifetime(body, role, now)
        subject, names, common_name = csr.subject, _names(csr), common_name_of(csr)
        if not verbatim:
            if body.get("common_name"):
                warnings.append(COMMON_NAME_IGNORED)
            _allow(role, common_name, names)
            subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common_name)] if common_name else [])
            if common_name and body.get("exclude_cn_from_sans") not in (True, "true"):
                names = _with(names, common_name)
        if mishaps.adds_www:
            names = _with(names, "www." + common_name)
        builder = (
            x509.CertificateBuilder()
            .subject_name(subject)
            .issuer_name(self.hierarchy.issuing.certificate.subject)
            .public_key(self._key(csr, mishaps))
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - BACKDATED)
            .not_valid_after(ends)
        )
        for extension, critical in _extensions(csr, role, mishaps, verbatim=verbatim):
            builder = builder.add_extension(extension, critical=critical)
        if names:
            builder = builder.add_extension(x509.SubjectAlternativeName(names), critical=False)
        issuing = self.hierarchy.issuing
        identifier = x509.AuthorityKeyIdentifier.from_issuer_public_key(issuing.key.public_key())
        builder = builder.add_extension(identifier, critical=False)
        return Signed(builder.sign(issuing.key, hashes.SHA256()), tuple(warnings))

    def data(self, signed: Signed, style: object = "pem") -> dict[str, object]:
        """What the engine answers; as a "pem_bundle" the certificate comes with its chain behind it."""
        certificate = signed.certificate
        below = self.hierarchy.chain if style == "pem_bundle" else []
        return {
            "ca_chain": self.hierarchy.chain,
            "certificate": "\n".join([pem(certificate), *below]),
            "expiration": int(certificate.not_valid_after_utc.timestamp()),
            "issuing_ca": self.hierarchy.chain[0],
            "not_before": int(certificate.not_valid_before_utc.timestamp()),
            "serial_number": signed.serial,
        }

    def _lifetime(
        self, body: dict[str, object], role: Role, now: datetime.datetime
    ) -> tuple[datetime.datetime, list[str]]:
        asked = duration(body["ttl"]) if body.get("ttl") else role.ttl
        warnings = []
        if asked > role.max_ttl:
            warnings.append(
                f'TTL "{_spelt(asked)}" is longer than permitted maxTTL "{_spelt(role.max_ttl)}", '
                "so maxTTL is being used"
            )
            asked = role.max_ttl
        return within(self.hierarchy.issuing, now, asked), warnings

    def _key(self, csr: x509.CertificateSigningRequest, mishaps: Mishaps) -> PublicKey:
        if mishaps.wrong_key:
            return rsa.generate_private_key(public_exponent=65537, key_size=2048).public_key()
        return csr.public_key()  # type: ignore[return-value]


def within(issuing: Ca, now: datetime.datetime, asked: datetime.timedelta) -> datetime.datetime:
    """When a certificate of that lifetime ends; NotSigned when its issuer ends before."""
    limit = issuing.certificate.not_valid_after_utc
    if now + asked > limit:
        raise NotSigned(
            f"cannot satisfy request, as TTL would result in notAfter {(now + asked).isoformat()} that is beyond the "
            f"expiration of the CA certificate at {limit.isoformat()}"
        )
    return now + asked


def read_request(body: dict[str, object]) -> x509.CertificateSigningRequest:
    """The request of a call, with its signature checked; NotSigned otherwise."""
    text = body.get("csr")
    if not isinstance(text, str) or not text.strip():
        raise NotSigned('"csr" is empty')
    try:
        csr = x509.load_pem_x509_csr(text.encode())
        valid = csr.is_signature_valid
    except ValueError:
        raise NotSigned("csr contains no data") from None
    if not valid:
        raise NotSigned("request signature invalid")
    return csr


def _allow(role: Role, common_name: str, names: list[x509.GeneralName]) -> None:
    if common_name and not role.allows(common_name):
        raise NotSigned(f"common name {common_name} not allowed by this role")
    for name in names:
        if isinstance(name, x509.DNSName) and not role.allows(name.value):
            raise NotSigned(f"subject alternate name {name.value} not allowed by this role")


def _extensions(
    csr: x509.CertificateSigningRequest, role: Role, mishaps: Mishaps, *, verbatim: bool
) -> list[tuple[x509.ExtensionType, bool]]:
    usages = {"digital_signature", "key_encipherment", "data_encipherment"}
    extended = [
        ExtendedKeyUsageOID.SERVER_AUTH,
        *([ExtendedKeyUsageOID.CLIENT_AUTH] if role.client_flag else []),
        *(EXTENDED_USAGES[name] for name in role.ext_key_usage),
    ]
    if verbatim:
        for extension in csr.extensions:
            if isinstance(extension.value, x509.KeyUsage):
                asked = extension.value
                usages = {name for name in LEAF_USAGES if getattr(asked, name)}
            elif isinstance(extension.value, x509.ExtendedKeyUsage):
                extended = list(extension.value)
    if mishaps.drops_data_encipherment:
        usages.discard("data_encipherment")
    if mishaps.drops_client_auth:
        extended = [oid for oid in extended if oid != ExtendedKeyUsageOID.CLIENT_AUTH]
    return [(key_usage(*usages), not verbatim), (x509.ExtendedKeyUsage(extended), False)]


def _names(csr: x509.CertificateSigningRequest) -> list[x509.GeneralName]:
    try:
        return list(csr.extensions.get_extension_for_class(x509.SubjectAlternativeName).value)
    except x509.ExtensionNotFound:
        return []


def _with(names: list[x509.GeneralName], more: str) -> list[x509.GeneralName]:
    name = x509.DNSName(more)
    return names if name in names else [*names, name]


def common_name_of(csr: x509.CertificateSigningRequest) -> str:
    """The CN, or an empty string."""
    found = csr.subject.get_attributes_for_oid(NameOID.COMMON_NAME)
    return str(found[0].value) if found else ""


def duration(text: object) -> datetime.timedelta:
    """A lifetime spelt as the engine takes it, such as 397d; NotSigned otherwise."""
    match = DURATION.match(str(text))
    if match is None:
        raise NotSigned(f"error parsing duration {text!r}")
    try:
        return datetime.timedelta(seconds=int(match[1]) * SECONDS[match[2]])
    except OverflowError:
        raise NotSigned(f"error parsing duration {text!r}") from None


def _spelt(length: datetime.timedelta) -> str:
    seconds = int(length.total_seconds())
    return f"{seconds // 3600}h{seconds // 60 % 60}m{seconds % 60}s"
