"""The lab's authority does what the real engine does, and goes wrong when it is told to."""

import asyncio
import functools
import ssl
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import aiohttp
import pytest
import pytest_asyncio
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from certrenew_lab.authority import LabAuthority

NAMES = ("pub.lab.example", "sub1.lab.example", "lab.example")
COMMON_NAME = "pub-ms.lab.example"
CLIENT, SERVER = ExtendedKeyUsageOID.CLIENT_AUTH, ExtendedKeyUsageOID.SERVER_AUTH
IPSEC = x509.ObjectIdentifier("1.3.6.1.5.5.7.3.5")


@functools.cache
def request_for(common_name: str = COMMON_NAME) -> str:
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    subject = [x509.NameAttribute(NameOID.COUNTRY_NAME, "GB"), x509.NameAttribute(NameOID.COMMON_NAME, common_name)]
    names = x509.SubjectAlternativeName([x509.DNSName(name) for name in NAMES])
    builder = x509.CertificateSigningRequestBuilder().subject_name(x509.Name(subject))
    builder = builder.add_extension(names, critical=False)
    builder = builder.add_extension(x509.ExtendedKeyUsage([SERVER, CLIENT]), critical=False)
    return builder.sign(key, hashes.SHA256()).public_bytes(Encoding.PEM).decode()


class Client:
    """A client that trusts the server only by its description."""

    def __init__(self, authority: LabAuthority) -> None:
        self.known = authority.description()
        self._context = ssl.create_default_context(cadata=self.known["ca_bundle"])

    async def ask(self, method: str, path: str, body: Any = None, token: str | None = None) -> tuple[int, Any]:
        headers = {"X-Vault-Token": self.known["token"] if token is None else token}
        async with (
            aiohttp.ClientSession() as http,
            http.request(method, f"{self.known['url']}{path}", json=body, headers=headers, ssl=self._context) as answer,
        ):
            text = await answer.text()
            return answer.status, await answer.json() if text.startswith(("{", "[")) else text

    async def sign(self, path: str = "sign/cucm", **changed: Any) -> tuple[int, Any]:
        body = {"csr": request_for(), "common_name": COMMON_NAME, "exclude_cn_from_sans": True, "format": "pem"}
        return await self.ask("POST", f"/v1/{self.known['mount']}/{path}", body | changed)

    async def signed(self, path: str = "sign/cucm", **changed: Any) -> x509.Certificate:
        status, answer = await self.sign(path, **changed)
        assert status == 200, answer
        return x509.load_pem_x509_certificate(answer["data"]["certificate"].encode())

    async def fault(self, kind: str, **numbers: Any) -> None:
        status, answer = await self.ask("POST", "/lab/fault", {"kind": kind, **numbers})
        assert status == 200, answer


@pytest_asyncio.fixture
async def authority() -> AsyncIterator[LabAuthority]:
    made = LabAuthority(allowed_domains=("lab.example",))
    await made.start()
    yield made
    await made.stop()


@pytest.fixture
def client(authority: LabAuthority) -> Client:
    return Client(authority)


def names(certificate: x509.Certificate) -> set[str]:
    found = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    return set(found.get_values_for_type(x509.DNSName))


def extended(certificate: x509.Certificate) -> set[x509.ObjectIdentifier]:
    return set(certificate.extensions.get_extension_for_class(x509.ExtendedKeyUsage).value)


async def test_it_signs_for_397_days_under_its_own_root(client: Client) -> None:
    status, answer = await client.sign()
    assert status == 200
    assert answer["warnings"] == [
        'the common_name field was provided but the role is set with "use_csr_common_name" set to true'
    ]
    leaf = x509.load_pem_x509_certificate(answer["data"]["certificate"].encode())
    issuing, root = (x509.load_pem_x509_certificate(pem.encode()) for pem in answer["data"]["ca_chain"])
    leaf.verify_directly_issued_by(issuing)
    issuing.verify_directly_issued_by(root)
    assert root == x509.load_pem_x509_certificate(client.known["root"].encode())
    assert "CN=Lab Issuing CA G2" in leaf.issuer.rfc4514_string()
    assert "CN=Lab Enterprise Root CA G2" in root.subject.rfc4514_string()
    assert names(leaf) == set(NAMES)
    assert extended(leaf) == {SERVER, CLIENT, IPSEC}
    assert (leaf.not_valid_after_utc - leaf.not_valid_before_utc).days == 397
    assert leaf.subject.rfc4514_string() == f"CN={COMMON_NAME}"


async def test_it_adds_the_common_name_by_default(client: Client) -> None:
    assert names(await client.signed(exclude_cn_from_sans=False)) == {*NAMES, COMMON_NAME}


async def test_verbatim_keeps_the_subject(client: Client) -> None:
    leaf = await client.signed("sign-verbatim")
    assert "C=GB" in leaf.subject.rfc4514_string()
    assert names(leaf) == set(NAMES)


async def test_the_public_role_leaves_client_authentication_out(client: Client) -> None:
    assert extended(await client.signed("sign/public")) == {SERVER}


async def test_a_lifetime_over_the_limit_is_capped_with_a_warning(client: Client) -> None:
    _, answer = await client.sign(ttl="3000d")
    assert any("longer than permitted maxTTL" in warning for warning in answer["warnings"])


@pytest.mark.parametrize(
    ("changed", "words"),
    [
        ({"csr": ""}, '"csr" is empty'),
        ({"csr": "junk"}, "csr contains no data"),
        ({"ttl": "soon"}, "duration"),
        ({"csr": request_for("evil.test")}, "common name evil.test not allowed by this role"),
    ],
)
async def test_refusals_are_in_the_engines_words(client: Client, changed: dict[str, str], words: str) -> None:
    status, answer = await client.sign(**changed)
    assert status == 400
    assert words in answer["errors"][0]


async def test_unknown_roles_tokens_and_mounts(client: Client) -> None:
    assert await client.sign("sign/nope") == (400, {"errors": ["unknown role: nope"]})
    assert await client.ask("GET", "/v1/pki_int/certs?list=true", token="bad") == (
        403,
        {"errors": ["permission denied"]},
    )
    status, answer = await client.ask("GET", "/v1/elsewhere/certs")
    assert (status, "no handler for route" in answer["errors"][0]) == (404, True)


async def test_what_was_issued_is_listed_and_read_back(client: Client, authority: LabAuthority) -> None:
    assert (await client.ask("GET", "/v1/pki_int/certs/detailed?list=true"))[0] == 404
    _, answer = await client.sign()
    serial = answer["data"]["serial_number"]
    _, listed = await client.ask("GET", "/v1/pki_int/certs/detailed?list=true")
    assert listed["data"]["key_info"][serial]["common_name"] == COMMON_NAME
    assert (await client.ask("GET", "/v1/pki_int/certs?list=true"))[1]["data"]["keys"] == [serial]
    _, found = await client.ask("GET", f"/v1/pki_int/cert/{serial}", token="")
    assert found["data"]["certificate"] == answer["data"]["certificate"]
    for path in ("ca_chain", "ca/pem", "cert/ca_chain", f"cert/{serial}/raw/pem"):
        assert (await client.ask("GET", f"/v1/pki_int/{path}", token=""))[0] == 200
    journal = (await client.ask("GET", "/lab/journal"))[1]
    assert journal == authority.journal()
    assert [line["serial"] for line in journal] == [serial]


async def test_an_approle_login_lends_a_token(client: Client) -> None:
    login = {"role_id": client.known["approle_role_id"], "secret_id": client.known["approle_secret_id"]}
    _, answer = await client.ask("POST", "/v1/auth/approle/login", login, token="")
    lent = answer["auth"]["client_token"]
    assert (await client.ask("GET", "/v1/auth/token/lookup-self", token=lent))[0] == 200
    wrong = await client.ask("POST", "/v1/auth/approle/login", login | {"secret_id": "x"}, token="")
    assert wrong == (400, {"errors": ["invalid role or secret ID"]})


@pytest.mark.parametrize(
    ("kind", "spoilt"),
    [
        ("adds_www", lambda leaf: f"www.{COMMON_NAME}" in names(leaf)),
        ("drops_client_auth", lambda leaf: extended(leaf) == {SERVER, IPSEC}),
        (
            "drops_data_encipherment",
            lambda leaf: not leaf.extensions.get_extension_for_class(x509.KeyUsage).value.data_encipherment,
        ),
        (
            "wrong_key",
            lambda leaf: leaf.public_key() != x509.load_pem_x509_csr(request_for().encode()).public_key(),
        ),
    ],
)
async def test_a_certificate_fault_spoils_one_certificate(
    client: Client, kind: str, spoilt: Callable[[x509.Certificate], bool]
) -> None:
    await client.fault(kind)
    assert spoilt(await client.signed())
    assert not spoilt(await client.signed())


async def test_a_lost_answer_leaves_a_certificate_behind(client: Client, authority: LabAuthority) -> None:
    await client.fault("answer_lost")
    with pytest.raises(aiohttp.ClientError):
        await client.sign()
    assert len(authority.journal()) == 1
    await client.signed()


async def test_sealed_then_unsealed_and_slow(client: Client) -> None:
    await client.fault("sealed", seconds=0.3)
    assert await client.sign() == (503, {"errors": ["Vault is sealed"]})
    assert (await client.ask("GET", "/v1/sys/health"))[0] == 503
    await asyncio.sleep(0.35)
    await client.fault("slow", seconds=0.3)
    started = asyncio.get_running_loop().time()
    await client.signed()
    assert asyncio.get_running_loop().time() - started >= 0.3


async def test_down_refuses_connections_and_comes_back_at_the_same_address(client: Client) -> None:
    await client.fault("down", seconds=0.4)
    await asyncio.sleep(0.2)
    with pytest.raises(aiohttp.ClientConnectorError):
        await client.sign()
    await asyncio.sleep(0.6)
    await client.signed()


async def test_an_unknown_fault_is_refused(client: Client) -> None:
    status, answer = await client.ask("POST", "/lab/fault", {"kind": "gremlins"})
    assert status == 400
    assert "adds_www" in answer["errors"][0]


async def test_the_bots_plugin_gets_along_with_it(authority: LabAuthority, tmp_path: Path) -> None:
    from certrenew.domain.errors import AnswerLost
    from certrenew.domain.ports import Issued, SigningRequest
    from certrenew.x509 import key_hash
    from certrenew_plugins.ca_vault.authority import VaultAuthority
    from certrenew_plugins.ca_vault.settings import Settings

    known = authority.description()
    for name in ("ca_bundle", "root", "approle_secret_id"):
        (tmp_path / name).write_text(known[name])
    bot = VaultAuthority(
        Settings(
            url=known["url"],
            mount=known["mount"],
            role=known["role"],
            approle_role_id=known["approle_role_id"],
            approle_secret_id_file=tmp_path / "approle_secret_id",
            ca_bundle=tmp_path / "ca_bundle",
            roots=(tmp_path / "root",),
        )
    )
    assert await asyncio.to_thread(bot.check) == ()
    stranger = Settings(url=known["url"], mount=known["mount"], role="cucm", token_file=tmp_path / "root")
    assert "ca_bundle" in (await asyncio.to_thread(VaultAuthority(stranger).check))[-1]
    csr = request_for()
    asking = SigningRequest(key=key_hash(csr), csr_pem=csr, purpose="tomcat", node="pub")
    assert await asyncio.to_thread(bot.find, asking) is None
    authority.faults.set("answer_lost")
    with pytest.raises(AnswerLost):
        await asyncio.to_thread(bot.submit, asking)
    found = await asyncio.to_thread(bot.find, asking)
    assert isinstance(found, Issued)
    assert key_hash(found.leaf_pem) == asking.key
    assert isinstance(await asyncio.to_thread(bot.submit, asking), Issued)
