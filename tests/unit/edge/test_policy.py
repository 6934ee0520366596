from importlib import import_module
from pathlib import Path

import pytest

from kartenwart import api
from kartenwart.edge.descriptors import SERVICES, rpcs
from kartenwart.edge.policy import POLICY, Rate
from tests.unit.edge.requests import RIGHT

RPCS = {rpc.name: rpc for rpc in rpcs()}


def test_every_service_of_the_protos_is_in_the_contract() -> None:
    (folder,) = map(Path, api.__path__)
    found = []
    for file in folder.rglob("*_pb2.py"):
        module = ".".join(("kartenwart.api", *file.relative_to(folder).with_suffix("").parts))
        found += [one.full_name for one in import_module(module).DESCRIPTOR.services_by_name.values()]
    assert sorted(found) == sorted(SERVICES)


def test_every_rpc_of_the_contract_has_exactly_one_rule() -> None:
    assert set(POLICY) == set(RPCS)


@pytest.mark.parametrize("name", sorted(POLICY))
def test_a_rule_names_fields_that_the_request_has_and_all_that_scope_needs(name: str) -> None:
    rule, rpc = POLICY[name], RPCS[name]
    fields = set(rpc.request.fields_by_name)
    assert set(rule.scope) == fields & {"context", "user"}, (
        "context and user of a request are always held against scope"
    )
    first = rule.subject.partition(".")[0]
    assert not first or first in fields | set(rpc.response.fields_by_name)


@pytest.mark.parametrize("name", sorted(POLICY))
def test_only_the_exchange_is_open_to_strangers(name: str) -> None:
    rule = POLICY[name]
    assert rule.unauthenticated == ("EnrolmentExchangeService" in name)
    assert rule.unauthenticated == (rule.rate is Rate.EXCHANGE)
    assert bool(rule.roles) != rule.unauthenticated


@pytest.mark.parametrize("name", sorted(POLICY))
def test_streams_have_the_rate_of_streams(name: str) -> None:
    assert RPCS[name].streams == (POLICY[name].rate is Rate.STREAM)


def test_no_pin_or_puk_field_exists_anywhere() -> None:
    # Which PIN, what is known of it, and what is to be done with it; never its digits.
    allowed = {"pin", "pin_state", "pin_states", "verify_pin", "transport_pin", "set_new_pin"}
    for rpc in RPCS.values():
        for message in (rpc.request, rpc.response):
            found = {field.name for field in message.fields if "pin" in field.name.split("_") or "puk" in field.name}
            assert found <= allowed


def test_there_is_a_right_request_for_every_rpc() -> None:
    assert set(RIGHT) == {rpc.request.full_name for rpc in RPCS.values()}
