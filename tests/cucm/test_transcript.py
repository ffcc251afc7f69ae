"""A transcript can be shown to anybody."""

from certrenew.cucm.transcript import Transcript

PEM = "-----BEGIN CERTIFICATE-----\nMIIBabcdef\nMIIBghijkl\n-----END CERTIFICATE-----"


def test_secrets_and_certificate_bodies_are_masked() -> None:
    transcript = Transcript(lambda: ("S3cret!",))
    transcript.sent(PEM)
    transcript.received(f"password S3cret! accepted\n{PEM}\ncut {PEM[:45]}")
    assert "S3cret!" not in transcript.text()
    assert "MIIB" not in transcript.text()
    assert "(2 lines)" in transcript.text()


def test_it_is_bounded() -> None:
    transcript = Transcript(tuple, limit=3, width=10)
    for number in range(9):
        transcript.received(f"line {number} " + "x" * 99)
    assert len(transcript.text().splitlines()) == 3
    assert len(transcript.text()) < 60
