"""The longer texts of the read-only system commands."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from .. import sso
from ..cluster import Cluster
from ..node import Node


def node_status(cluster: Cluster, node: Node) -> str:
    """`show status`."""
    now = datetime.now(UTC)
    return (
        f"Host Name          : {node.name}\n"
        f"Date               : {now:%a %b %d, %Y %H:%M:%S}\n"
        "Time Zone          : Coordinated Universal Time (Etc/UTC)\n"
        "Locale             : en_US.UTF-8\n"
        f"Product Ver        : {cluster.release.version}\n"
        "Unified OS Version : 7.0.0.0-4\n"
        "\nUptime:\n"
        f" {now:%H:%M:%S} up 5 days, 10:47,  1 user,  load average: 0.31, 0.36, 0.35\n"
        "\nCPU Idle:   92.86%  System:   03.06%    User:   03.57%\n"
        "  IOWAIT:   00.51%     IRQ:   00.00%    Soft:   00.00%\n"
        "\nMemory Total:       11998968K\n        Free:        1043276K\n        Used:        6932548K\n"
        "      Cached:        3345676K\n      Shared:         489268K\n     Buffers:         677468K\n"
        "\n                        Total            Free            Used\n"
        "Disk/active         19760356K        3527092K       16014336K (82%)\n"
        "Disk/inactive       19760356K       18733692K          16012K (1%)\n"
        "Disk/logging        49573612K       26423236K       20625460K (44%)\n"
    )


def network_cluster(cluster: Cluster, node: Node) -> str:
    """`show network cluster`; ASSUMPTION A-72 for the IM and Presence nodes."""
    since = datetime.now(UTC) - timedelta(days=5)
    rows = []
    for each in cluster.nodes:
        role = "Publisher" if each.is_publisher else "Subscriber"
        kind = "cups" if each.presence else "callmanager"
        database = "DBPub" if each.is_database_publisher else "DBSub"
        peer = "" if each is node else f" using TCP since {since:%a %b %d %H:%M:%S %Y}"
        rows.append(f"{each.address} {each.fqdn} {each.name} {role} {kind} {database} authenticated{peer}")
    names = "\n".join(each.name for each in cluster.nodes)
    heading = "Server Table (processnode) Entries"
    return "\n".join(rows) + f"\n\n{heading}\n{'-' * len(heading)}\n{names}\n"


def licence_status(cluster: Cluster) -> str:
    """`show license status`."""
    allowed = "Allowed" if cluster.conditions.ctl_licence else "Not Allowed"
    return (
        "Smart Licensing is ENABLED\n\nRegistration:\n  Status: REGISTERED\n"
        "  Smart Account: Lab\n  Virtual Account: Voice\n"
        f"  Export-Controlled Functionality: {allowed}\n\n"
        "License Authorization:\n  Status: AUTHORIZED\n"
    )


def sso_status(cluster: Cluster, node: Node) -> str:
    """`utils sso status`; ASSUMPTION A-15 for the disabled form."""
    if not sso.enabled_on(cluster, node):
        return "SSO Status: SAML SSO Disabled\n"
    return (
        "SSO Status: SAML SSO Enabled\n"
        "IdP Metadata Imported Date = Fri Apr 09 09:09:00 UTC 2021\n"
        "SP Metadata Exported Date = Fri Apr 02 15:00:42 UTC 2021\n"
        "SSO Test Result Date = Fri Apr 09 09:10:39 UTC 2021\n"
        "SAML SSO Test Status = passed\n"
        "Recovery URL Status = enabled\n"
        f"Entity ID = http://idp.{cluster.scenario.domain}/adfs/services/trust\n"
    )


def replication(cluster: Cluster, node: Node) -> str:
    """`utils dbreplication runtimestate`; each kind of nodes has a database of its own, a single node no replica."""
    peers = cluster.presence_nodes if node.presence else cluster.voice_nodes
    if len(peers) == 1:
        return "Runtime state cannot be performed on a cluster with a single active node; aborting operation\n"
    now = datetime.now(UTC)
    lines = [
        f"Server Time: {now:%a %b %d %H:%M:%S UTC %Y}",
        "",
        f"Cluster Replication State: Replication status command started at: {now:%Y-%m-%d-%H-%M}",
        "     Replication status command COMPLETED. Checked 754 tables out of 754",
        "     Last Completed Table: functionrole",
        "     No Errors or Mismatches found.",
        "",
        "DB Version: ccm" + cluster.release.version.replace(".", "_").replace("-", "_"),
        "Repltimeout set to: 300s",
        "PROCESS option set to: 1",
        "",
        f"Cluster Detailed View from {node.name} ({len(peers)} Servers):",
        "",
        "                                           PING      DB/RPC/   REPL.    Replication    REPLICATION SETUP",
        "SERVER-NAME              IP ADDRESS        (msec)    DbMon?    QUEUE    Group ID       (RTMT) & Details",
        "-----------              ----------        ------    -------   -----    -----------    ------------------",
    ]
    for number, each in enumerate(peers, start=2):
        broken = not cluster.conditions.replication_healthy and not each.is_database_publisher
        setup = "(4) Setup Failed" if broken else "(2) Setup Completed"
        lines.append(f"{each.name:<24} {each.address:<17} 0.045     Y/Y/Y     0        (g_{number})          {setup}")
    return "\n".join(lines) + "\n"


def diagnose() -> str:
    """`utils diagnose test`."""
    tests = ("disk_space", "service_manager", "tomcat", "validate_network", "ntp_reachability")
    rows = "".join(f"test - {name:<20}: Passed\n" for name in tests)
    return (
        "Log file: platform/log/diag1.log\n\nStarting diagnostic test(s)\n===========================\n"
        f"{rows}\nDiagnostics Completed\n"
    )
