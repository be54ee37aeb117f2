import json

import pytest
from pulumi.runtime.proto import provider_pb2 as pb

from infra.provider.drivers import every_kind, kind_of
from infra.provider.schema import schema
from tests.infra.provider.plugin import Plugin


def test_the_program_answers_with_name_version_and_every_kind(plugin: Plugin) -> None:
    answered = json.loads(plugin.stub.GetSchema(pb.GetSchemaRequest()).schema)
    assert (answered["name"], bool(answered["version"])) == ("bastide", True)
    assert answered["resources"].keys() == every_kind().keys()


@pytest.mark.parametrize("token", every_kind())
def test_what_a_kind_names_is_in_its_schema(token: str) -> None:
    kind, row = kind_of(token), schema()["resources"][token]
    assert kind is not None
    assert kind.replaces | kind.create_only <= kind.shape.names
    assert row["inputProperties"].keys() == kind.shape.names
    assert row["properties"].keys() == kind.shape.names | kind.outputs.keys()
    assert not kind.shape.names & kind.outputs.keys()
    assert set(row["requiredInputs"]) <= kind.shape.names


def test_references_in_the_schema_lead_somewhere() -> None:
    whole = schema()
    text = json.dumps(whole)
    targets = {part.split('"')[0] for part in text.split("#/types/")[1:]}
    assert targets
    assert targets <= whole["types"].keys()
