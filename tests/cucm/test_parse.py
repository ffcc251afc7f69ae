"""What CUCM prints is read in every wording its releases have."""

import pytest

from certrenew.cucm import parse, pem, wording
from certrenew.domain.model import SecurityMode

SERVICES = """Requesting service status, please wait...
Service Manager is running
Getting list of all services
>> Return code = 0
System SSH [STARTED]
Password Reset [STOPPED] Service Activated
A Cisco DB[STARTED]
Cisco CallManager[STARTED]
Cisco CAR DB[STOPPED]  Commanded Out of Service
Cisco WebDialer Web Service[STOPPED]  Service Not Activated
Cisco Tftp[NOT STARTED]
Primary Node =true"""

RUNTIME = """Server Time: Fri Jan  2 16:18:22 -05 2026
Cluster Replication State: Replication status command started at: 2026-01-02-16-18
     Replication status command COMPLETED. Checked 754 tables out of 754
     No Errors or Mismatches found.
DB Version: ccm15_0_1_12900_234
Cluster Detailed View from cucm-01 (2 Servers):
                                           PING      DB/RPC/   REPL.    Replication    REPLICATION SETUP
SERVER-NAME              IP ADDRESS        (msec)    DbMon?    QUEUE    Group ID       (RTMT) & Details
-----------              ----------        ------    -------   -----    -----------    ------------------
cucm-01                  10.0.0.1          0.045     Y/Y/Y     0        (g_2)          (2) Setup Completed
cucm-02                  10.0.0.2          0.345     Y/Y/Y     0        (g_3)          (2) Setup Completed"""

CTL = """Length of CTL file: 4947
Parse CTL File
Version: 1.2
BYTEPOS TAG LENGTH VALUE
3 SIGNERID 2 149
5 SERIALNUMBER 10 11:22
CTL Record #:1
BYTEPOS TAG LENGTH VALUE
4 FUNCTION 2 System Administrator Security Token
6\tSERIALNUMBER\t10\t70:CA:F6:4E:09:07:51:B9:DF:22
CTL Record #:2
6 SERIALNUMBER 5 00 0A F6 4E 0B
CTL Record #:3
SERIALNUMBER: 0x00ABCDEF
The CTL file was verified successfully."""


def test_services_keep_their_exact_names_states_and_notes() -> None:
    found = parse.services(SERVICES)
    assert found["System SSH"].started
    assert found["Cisco CallManager"].active
    assert not found["Cisco CAR DB"].active
    assert found["Cisco CAR DB"].note == "Commanded Out of Service"
    assert found["Cisco WebDialer Web Service"].note == "Service Not Activated"
    assert found["Cisco Tftp"].state == "NOT STARTED"
    assert len(found) == 7


def test_the_version_is_found_in_either_command() -> None:
    assert parse.version("Active Master Version: 15.0.1.12900-234\nActive Version Installed …") == "15.0.1.12900-234"
    assert parse.version("Product Ver : 12.5.1.10000-22") == "12.5.1.10000-22"
    assert parse.version("No valid command entered") is None


def test_lists_name_unit_and_file() -> None:
    text = "tomcat/tomcat.pem: Signed by Lab\nCallManager-trust/Lab Root CA.pem: trust\n tomcat/tomcat.csr\nnothing"
    assert parse.listed(text) == (
        ("tomcat", "tomcat.pem"),
        ("CallManager-trust", "Lab Root CA.pem"),
        ("tomcat", "tomcat.csr"),
    )


def test_healthy_replication_is_no_problem() -> None:
    assert parse.replication_problems(RUNTIME) == ()
    assert (
        parse.replication_problems("Runtime state cannot be performed on a cluster with a single active node; aborting")
        == ()
    )


@pytest.mark.parametrize(
    ("row", "said"), [("(3) Bad Replication", "cucm-02"), ("(0) Initializing", "(0)"), ("(-) Off-Line", "(-)")]
)
def test_every_server_that_is_not_set_up_is_named(row: str, said: str) -> None:
    problems = parse.replication_problems(RUNTIME[: RUNTIME.rindex("(2)")] + row)
    assert len(problems) == 1
    assert said in problems[0]


def test_an_unreadable_replication_state_is_a_problem() -> None:
    assert "could not be read" in parse.replication_problems("Cisco DB is not running")[0]


@pytest.mark.parametrize(
    ("text", "active"),
    [
        ("drfCliMsg: No backup status available", False),
        ("drfCliMsg:  No history data is available", False),
        ("Status: SUCCESS :Backup Completed...\nOperation: backup\nPercentage Complete: 100", False),
        ("Status: Backup in progress\nPercentage Complete: 42", True),
        ("Status: SUCCESS :Backup in progress\nPercentage Complete: 42", True),
        ("Status: ERROR :Backup failed\nPercentage Complete: 42", False),
        ("Status: RUNNING\nOperation: backup", True),
        (
            "Unable to connect to Master Agent host: X, Port: 4040. This may be due to Master Agent being down.",
            None,
        ),
    ],
)
def test_a_running_backup_is_told_from_a_finished_one(text: str, active: bool | None) -> None:
    assert parse.backup_active(text) is active


def test_the_security_mode_comes_from_its_row() -> None:
    table = "paramname           paramvalue\n=================== ==========\nClusterSecurityMode {}\n"
    assert parse.security_mode(table.format(0)) is SecurityMode.NON_SECURE
    assert parse.security_mode(table.format(1)) is SecurityMode.MIXED
    assert parse.security_mode("No rows") is None


def test_serial_numbers_of_ctl_records_are_plain_hexadecimal() -> None:
    assert parse.ctl_serials(CTL) == {"70caf64e090751b9df22", "af64e0b", "abcdef"}


def test_a_cluster_without_ctl_file_is_recognised() -> None:
    text = "Length of CTL file: 0\nCTL File not found . Please run CTLClient plugin or run the CLI - utils ctl.."
    assert parse.ctl_missing(text)
    assert not parse.ctl_missing(CTL)


@pytest.mark.parametrize("heading", ["CERTIFICATE REQUEST", "NEW CERTIFICATE REQUEST", "CERTIFICATE SIGN REQUEST"])
def test_a_request_is_found_under_every_heading(heading: str, request_of) -> None:
    plain = request_of("cucm-pub.example.com")
    printed = "[\n" + plain.replace("CERTIFICATE REQUEST", heading).replace("\n", "\r\n") + "]\nadmin:"
    assert pem.request(printed) == plain


def test_the_certificate_is_the_block_at_the_end(certificate_of) -> None:
    first, last = certificate_of("a.example.com")[0], certificate_of("b.example.com")[0]
    dump = f"[\n  Version: V3\n  Validity From: Wed Jan 1\n{first}\n\n{last.replace(chr(10), chr(10) * 2)}\n"
    assert pem.certificate(dump) == last


@pytest.mark.parametrize(
    ("said", "remedy"),
    [
        ("CA certificate is not available in the trust-store", "whole chain"),
        ("Error in CA certificate", "whole chain"),
        ("File /usr/local/platform/.security/tomcat/keys/tomcat.csr does not exist", "new signing request"),
        ("CSR public key and Certificate public key do not match", "request that is waiting now"),
        ("Certificate import failed due to CSR public key and Certificate public key doesn't match", "waiting now"),
        ("CSR SAN and Certificate SAN does not match", "exactly the names"),
        ("CSR Subject Alternate Name (SAN) and Certificate SAN Does Not Match", "exactly the names"),
        ("The file /usr/local/platform/upload/certs//tomcat.der could not be uploaded.", "new signing request"),
        ("Error reading the certificate", "single base64"),
        ("Error occurred while reading the certificate", "single base64"),
        ("Certificate is not in PEM format", "single base64"),
        ("Invalid certificate file provided", "single base64"),
        ("The certificate has expired", "clock"),
        ("Multi-SAN certificates cannot be uploaded via the CLI", "REST"),
        ("Wildcard certificates are not supported", "own names"),
    ],
)
def test_every_known_refusal_is_explained(said: str, remedy: str) -> None:
    assert remedy in wording.explain(said)


def test_an_unknown_refusal_is_not_explained_away() -> None:
    assert wording.explain("Something else went wrong") == ""
