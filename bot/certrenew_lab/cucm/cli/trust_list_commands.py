"""`show ctl`, `show itl`, `utils ctl update CTLFile` and the two ways to sign with the CallManager key."""

from __future__ import annotations

import hashlib
from datetime import UTC, datetime

from cryptography import x509
from cryptography.hazmat.primitives import serialization

from .. import desk
from ..node import Node
from ..trust_files import SIGNER, TrustFile, TrustRecord
from ..x509 import serial
from .registry import CommandFailed, Session, command


@command("show ctl", level=0)
async def show_ctl(session: Session, _: str) -> None:
    """The CTL file as written; a cluster in non-secure mode has none."""
    if session.cluster.files.ctl is None:
        await session.terminal.page(
            "Length of CTL file: 0\n"
            "CTL File not found . Please run CTLClient plugin or run the CLI - utils ctl.. to generate the CTL file.\n"
            "Error parsing the CTL File.\n"
        )
        return
    await session.terminal.page(_text(session.cluster.files.ctl, "CTL"))


@command("show itl", level=0)
async def show_itl(session: Session, _: str) -> None:
    """The ITL file of this TFTP node; ASSUMPTION A-05 for its layout. IM and Presence nodes have none."""
    if session.node.name not in session.cluster.files.itl:
        raise CommandFailed("No valid command entered")
    await session.terminal.page(_text(session.cluster.files.itl[session.node.name], "ITL"))


@command("utils ctl update CTLFile", level=1)
async def update_ctl(session: Session, _: str) -> None:
    """Publisher only, mixed mode only, and only with the export-controlled licence flag."""
    _publisher_only(session)
    if session.cluster.files.ctl is None:
        raise CommandFailed("Cluster is not in mixed mode")
    if not session.cluster.conditions.ctl_licence:
        raise CommandFailed("The product is not registered with a token that allows export-controlled functionality")
    answer = await session.terminal.ask("This operation updates the CTLFile. Do you want to continue? (y/n):")
    if answer != "y":
        raise CommandFailed("")
    session.terminal.line("Updating CTL file")
    desk.update_ctl(session.cluster, session.node, "ssh")
    session.terminal.line("CTL file Updated")
    session.terminal.line(
        "Please Restart the TFTP and Cisco CallManager services on all nodes in the cluster that run these services"
    )


@command("utils itl reset localkey", level=4)
async def reset_itl(session: Session, _: str) -> None:
    """Publisher only: the ITL is signed with the CallManager key and sent to the TFTP nodes."""
    _publisher_only(session)
    reached = desk.sign_locally(session.cluster, session.node, "ITL", "ssh")
    _tell_reset(session, "ITL", reached)


@command("utils ctl reset localkey", level=4)
async def reset_ctl(session: Session, _: str) -> None:
    """Publisher only, mixed mode only; ASSUMPTION A-85: the same words as for the ITL."""
    _publisher_only(session)
    if session.cluster.files.ctl is None:
        raise CommandFailed("Cluster is not in mixed mode")
    reached = desk.sign_locally(session.cluster, session.node, "CTL", "ssh")
    _tell_reset(session, "CTL", reached)


def _publisher_only(session: Session) -> None:
    if not session.node.is_publisher:
        raise CommandFailed("This command is supported only on the publisher")


def _tell_reset(session: Session, kind: str, reached: list[Node]) -> None:
    lines = [
        "Name is None",
        f"Generating the reset {kind} file.....",
        f"The reset {kind} file was generated successfully",
        "Locating active Tftp servers in the cluster.....",
        "Following is the list of Active tftp servers in the cluster",
        *(node.name for node in reached),
        f"Number of Active TFTP servers in the cluster : {len(reached)}",
        f"Transferring new reset {kind} file to the TFTP server nodes in the cluster.........",
        *(f"Successfully transferred reset {kind} to node {node.name}" for node in reached),
    ]
    for line in lines:
        session.terminal.line(line)


def _text(file: TrustFile, kind: str) -> str:
    content = b"".join(
        record.certificate.public_bytes(serialization.Encoding.DER) + record.function.encode()
        for record in file.records
    )
    lines = [
        f"The checksum value of the {kind} file:",
        f"{hashlib.md5(content, usedforsecurity=False).hexdigest()}(MD5)",
        f"{hashlib.sha1(content, usedforsecurity=False).hexdigest()}(SHA1)",
        "",
        f"Length of {kind} file: {len(content)}",
        f"The {kind} File was last modified on "
        + datetime.fromtimestamp(file.modified, UTC).strftime("%a %b %d %H:%M:%S UTC %Y"),
        "",
        f"Parse {kind} File",
        "----------------",
        "",
        "Version:\t1.2",
        "HeaderLength:\t336 (BYTES)",
        "",
        "BYTEPOS\tTAG\t\tLENGTH\tVALUE",
        "-------\t---\t\t------\t-----",
        "3\tSIGNERID\t2\t149",
        f"4\tSIGNERNAME\t56\t{_name(file.records[0].certificate.subject)}",
        f"5\tSERIALNUMBER\t10\t{_spaced(file.records[0].certificate)}",
        f"6\tCANAME\t42\t{_name(file.records[0].certificate.issuer)}",
        "",
    ]
    for number, record in enumerate(file.records, start=1):
        lines += _record(number, record, kind)
    if file.valid:
        lines.append(f"The {kind} file was verified successfully.")
    else:
        lines += [f"Verification of the {kind} file failed.", f"Error parsing the {kind} file!!"]  # ASSUMPTION A-86
    return "\n".join(lines)


def _record(number: int, record: TrustRecord, kind: str) -> list[str]:
    certificate = record.certificate
    encoded = certificate.public_bytes(serialization.Encoding.DER)
    lines = [
        f"{kind} Record #:{number}",
        "\t\t  ----",
        "BYTEPOS\tTAG\t\tLENGTH\tVALUE",
        "-------\t---\t\t------\t-----",
        f"1\tRECORDLENGTH\t2\t{len(encoded) + 200}",
        f"2\tDNSNAME\t\t{len(record.host) + 1}\t{record.host}",
        f"3\tSUBJECTNAME\t56\t{_name(certificate.subject)}",
        f"4\tFUNCTION\t2\t{record.function}",
        f"5\tISSUERNAME\t42\t{_name(certificate.issuer)}",
        f"6\tSERIALNUMBER\t10\t{_spaced(certificate)}",
        "7\tPUBLICKEY\t270",
        "8\tSIGNATURE\t256",
        f"9\tCERTIFICATE\t{len(encoded)}\t"
        f"{hashlib.sha1(encoded, usedforsecurity=False).hexdigest().upper()} (SHA1 Hash HEX)",
    ]
    if number == 1:
        lines.append(f"This etoken was used to sign the {kind} file.")
    elif record.function == SIGNER:
        lines.append(f"This etoken was not used to sign the {kind} file.")
    return [*lines, ""]


def _name(name: x509.Name) -> str:
    return ";".join(attribute.rfc4514_string() for attribute in reversed(list(name)))


def _spaced(certificate: x509.Certificate) -> str:
    digits = serial(certificate)
    return ":".join(digits[position : position + 2] for position in range(0, len(digits), 2))
