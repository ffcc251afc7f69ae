"""Certificate authorities as plugins declare them."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Generic, TypeAlias, TypeVar

from pydantic import BaseModel

from certrenew.domain.ports import Authority

S = TypeVar("S", bound=BaseModel)


@dataclass(frozen=True, kw_only=True)
class AuthorityType(Generic[S]):
    """`settings` is read from the table [authorities.<name>] of the config file, then given to `open`.

    `open` makes no connection. `examples` are settings that validate, as they stand in the config file; the
    documentation shows them.
    """

    name: str
    title: str
    settings: type[S]
    open: Callable[[S], Authority]
    examples: tuple[str, ...] = ()


AnyAuthorityType: TypeAlias = AuthorityType[Any]
