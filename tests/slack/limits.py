"""Slack's published limits for messages and dialogs, as assertions."""

from typing import Any

TEXTS = {"header": 150, "section": 3000, "context": 3000}


def within_limits(blocks: Any, *, text: str = "", most: int = 50) -> None:
    assert 1 <= len(blocks) <= most
    assert not text or len(text) <= 4000
    for block in blocks:
        kind = block["type"]
        if kind == "section":
            assert "text" in block or "fields" in block
            fields = block.get("fields", [])
            assert len(fields) <= 10
            assert all(1 <= len(found["text"]) <= 2000 for found in fields)
        if "text" in block:
            assert 1 <= len(block["text"]["text"]) <= TEXTS[kind]
        if kind == "context":
            assert 1 <= len(block["elements"]) <= 10
        if kind == "actions":
            _buttons(block["elements"])


def _buttons(elements: Any) -> None:
    assert 1 <= len(elements) <= 25
    ids = [element["action_id"] for element in elements]
    assert len(set(ids)) == len(ids)
    assert sum(element.get("style") == "primary" for element in elements) <= 1
    for element in elements:
        assert len(element["text"]["text"]) <= 30
        assert len(element["value"]) <= 2000
        assert len(element["action_id"]) <= 255
        assert len(element.get("accessibility_label", "")) <= 75
        if confirm := element.get("confirm"):
            assert len(confirm["title"]["text"]) <= 100
            assert 1 <= len(confirm["text"]["text"]) <= 300
            assert len(confirm["confirm"]["text"]) <= 30
            assert len(confirm["deny"]["text"]) <= 30
