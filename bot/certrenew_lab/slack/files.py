"""Files on their way in and those shared."""

from __future__ import annotations

import mimetypes
import secrets
from dataclasses import dataclass

from certrenew_lab.slack.problems import Json
from certrenew_lab.slack.workspace import Workspace


@dataclass
class File:
    """A file; `content` is None until the upload came, `shared` is set by the last step."""

    id: str
    name: str
    length: int
    secret: str
    alt_text: str = ""
    title: str = ""
    content: bytes | None = None
    shared: bool = False


class Files:
    """Every file of the workspace by id."""

    def __init__(self, workspace: Workspace) -> None:
        self._workspace = workspace
        self.all: dict[str, File] = {}

    def expect(self, name: str, length: int, alt_text: str) -> File:
        """Reserve a file for an upload to come."""
        file = File("F" + secrets.token_hex(5).upper(), name, length, secrets.token_urlsafe(16), alt_text, name)
        self.all[file.id] = file
        return file

    def describe(self, file: File, address: str, ts: str) -> Json:
        """Render a file as Slack's API does."""
        kind = mimetypes.guess_type(file.name)[0] or "text/plain"
        url = f"{address}/files/{file.id}/{file.name}"
        return {
            "id": file.id,
            "created": int(float(ts)),
            "timestamp": int(float(ts)),
            "name": file.name,
            "title": file.title,
            "mimetype": kind,
            "filetype": file.name.rpartition(".")[2] or "text",
            "pretty_type": "Plain Text",
            "user": self._workspace.bot.user_id,
            "user_team": self._workspace.team_id,
            "editable": False,
            "size": file.length,
            "mode": "hosted",
            "is_external": False,
            "is_public": True,
            "alt_txt": file.alt_text,
            "url_private": url,
            "url_private_download": f"{url}?download=1",
            "permalink": url,
        }
