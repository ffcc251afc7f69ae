"""A wrong password is tried exactly once."""

import threading

import pytest

from certrenew.cucm import Account
from certrenew.domain.errors import AccessDenied


def refuse(account: Account, where: str) -> None:
    with account.attempt(where) as attempt:
        raise attempt.refused()


def test_a_refused_password_is_not_tried_at_another_node() -> None:
    account = Account("admin-user", lambda: "wrong", "platform account")
    with pytest.raises(AccessDenied, match=r"cucm-pub.*tried once"):
        refuse(account, "cucm-pub (SSH)")
    with pytest.raises(AccessDenied, match="nothing was sent to cucm-sub1"):
        refuse(account, "cucm-sub1 (SSH)")


def test_a_changed_password_is_tried_again() -> None:
    secrets = ["wrong"]
    account = Account("admin-user", lambda: secrets[0])
    with pytest.raises(AccessDenied):
        refuse(account, "cucm-pub")
    secrets[0] = "right\n"
    with account.attempt("cucm-pub") as attempt:
        assert attempt.secret == "right"
        attempt.accepted()


def test_many_nodes_at_once_try_a_wrong_password_once() -> None:
    account = Account("admin-user", lambda: "wrong")
    tried: list[str] = []
    start = threading.Barrier(8)

    def log_in(name: str) -> None:
        start.wait()
        try:
            with account.attempt(name) as attempt:
                tried.append(name)
                raise attempt.refused()
        except AccessDenied:
            pass

    threads = [threading.Thread(target=log_in, args=(f"node-{number}",)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(tried) == 1


def test_no_text_about_an_account_holds_its_secret() -> None:
    account = Account("admin-user", lambda: "S3cret!")
    with account.attempt("cucm-pub") as attempt:
        error = attempt.refused()
        assert "S3cret!" not in repr(account) + repr(attempt) + str(error)


def test_an_unreadable_secret_is_said_without_its_path_of_failure_being_sent() -> None:
    def missing() -> str:
        raise FileNotFoundError("/run/secrets/platform")

    with (
        pytest.raises(AccessDenied, match=r"could not be read \(FileNotFoundError\)"),
        Account("a", missing).attempt("n"),
    ):
        pass
