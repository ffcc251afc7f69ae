"""Every known way in which CUCM refuses a certificate is told with its cause and the next safe action."""

import pytest

from certrenew.cucm import wording

SAID = {
    "missing in the trust store": [
        "CA certificate is not available in the trust-store",
        "CA not in trust-store",
        "Error in CA certificate",
        "400 'CA certificate is not available in the trust store'",
        "HCS error 1018",
        "Error code: 1019",
    ],
    "no signing request is waiting for this purpose on this node: it was used up": [
        "File /usr/local/platform/.security/tomcat/keys/tomcat.csr does not exist",
        "CSR does not exist",
        "The file cup-xmpp.csr doesn't exist",
        "HCS 1017",
        "code 1023",
    ],
    "issued for another key: another node's": [
        "CSR public key and Certificate public key do not match",
        "Certificate import failed due to CSR public key and Certificate public key doesn't match",
        "public-key mismatch",
        "HCS-1015",
    ],
    "added or removed names": [
        "CSR SAN and Certificate SAN does not match",
        "CSR Subject Alternate Name (SAN) and Certificate SAN Does Not Match",
        "CSR Subject Alternative Names and Certificate SAN does not match",
        "SAN mismatch",
        "Error: 1016",
    ],
    "or the certificate was issued for another key": [
        "The file /usr/local/platform/upload/certs//tomcat.der could not be uploaded.",
    ],
    "could not read it as one PEM": [
        "Error reading the certificate",
        "Error occurred while reading the certificate",
        "Certificate is not in PEM format",
        "Invalid certificate file provided",
        "HCS 1020",
        "HCS 1021",
        "HCS 1022",
    ],
    "outside its validity": [
        "The certificate has expired",
        "Certificate is not yet valid",
        "The certificate is not valid after Mon Nov 23 2026",
    ],
    "of the same name": [
        "A certificate with the same name exists",
        "Certificate already exists",
    ],
    "only over REST": ["Multi-SAN certificates cannot be uploaded with this command", "multi-server SAN"],
    "4096 bits": ["Key size larger than 4096"],
    "wildcard": ["Wildcard certificates are not supported"],
    "does not make or take": ["Cannot generate CSR for type cup", "Invalid certificate type", "HCS 1014", "HCS 1025"],
    "inside CUCM": ["Upload failed", "Internal error", "Internal Server Error", "HCS 1026", "HCS 1027"],
    "own interfaces": ["HCS 1011", "HCS 1084", "HCS 1075", "HCS 1076", "HCS 1077", "HCS 1078", "SSH connect failed"],
    "upgrade is in progress": ["This command is not allowed during an upgrade"],
}


@pytest.mark.parametrize(("cause", "said"), [(cause, said) for cause, texts in SAID.items() for said in texts])
@pytest.mark.parametrize("ending", ["", "\nExecuted command unsuccessfully"])
def test_a_refusal_is_explained_in_every_wording(cause: str, said: str, ending: str) -> None:
    for text in (said, said.upper(), said.replace(" ", "\n")):
        explained = wording.explain(text + ending)
        assert cause in explained
        assert "; " in explained  # what to do next follows the cause


@pytest.mark.parametrize("said", ["", "Executed command unsuccessfully", "port 1015 is in use", "SEP001015101610"])
def test_nothing_is_guessed_from_other_words(said: str) -> None:
    assert wording.explain(said) == ""
