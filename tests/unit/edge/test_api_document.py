"""docs/api.md says what the tables say; on failure pytest shows the lines that belong there."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from kartenwart.domain.principals import Role
from kartenwart.door.answers import HTTP_STATUS
from kartenwart.edge.limits import Limits
from kartenwart.edge.policy import POLICY, Rate
from kartenwart.edge.reasons import WIRE

DOCUMENT = "docs/api.md"


def matrix() -> Iterator[str]:
    """The table of roles, in the order of the policy."""
    yield f"| RPC | {' | '.join(role.value.lower() for role in Role)} | scope | audit |"
    yield "| --- |" + " :-: |" * len(Role) + " --- | :-: |"
    for name, rule in POLICY.items():
        service, method = name.removeprefix("kartenwart.api.").split("/")
        marks = ["x" if role in rule.roles else "" for role in Role]
        if rule.unauthenticated:
            marks = ["8445"] * len(Role)
        scope, audit = ", ".join(rule.scope), "x" if rule.audited else ""
        cells = [f"`{service.rpartition('.')[2]}/{method}`", *marks, scope, audit]
        yield "| " + " | ".join(cells) + " |"


def errors() -> Iterator[str]:
    """The table of reasons."""
    yield "| reason | gRPC | HTTP | for developers |"
    yield "| --- | --- | --- | --- |"
    for reason, (code, words) in WIRE.items():
        yield f"| `{reason.value}` | {code.name} | {HTTP_STATUS[code]} | {words} |"


def limits() -> Iterator[str]:
    """The table of rates."""
    yield "| class | calls per second | at once |"
    yield "| --- | --- | --- |"
    for rate in Rate:
        allowance = Limits().rates[rate]
        yield f"| {rate.name.lower()} | {allowance.per_second:g} | {allowance.burst:g} |"


@pytest.mark.parametrize("table", [matrix, errors, limits], ids=["roles", "reasons", "rates"])
def test_the_document_has_the_table(table: object, repository: Path) -> None:
    assert callable(table)
    expected = "\n".join(table())
    assert f"\n{expected}\n" in (repository / DOCUMENT).read_text(encoding="utf-8")
