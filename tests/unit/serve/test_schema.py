"""What the service answers is what its OpenAPI description says, whatever it is asked."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from starlette.testclient import TestClient

import mmsearch
from mmsearch.serve.app import make_app
from mmsearch.serve.models.ask import AnswersShown, TagsShown
from mmsearch.serve.models.items import ItemAnswer
from mmsearch.serve.models.results import ResultsShown
from mmsearch.serve.models.state import StatsShown
from mmsearch.serve.service import Service
from mmsearch.serve.settings import Settings

schemathesis = pytest.importorskip("schemathesis", reason="schemathesis is in the dev extra")

CHECKS = (
    "not_a_server_error",
    "status_code_conformance",
    "content_type_conformance",
    "response_schema_conformance",
)
EXAMPLES = 12

pytestmark = pytest.mark.filterwarnings("default")  # of the packages that make the requests


@pytest.fixture(scope="module")
def described(demo_index: Path) -> Any:
    service = Service(mmsearch.open(demo_index), Settings(threads=1, hosts=("testserver",), seconds=60.0))
    service.warm_up()
    app = make_app(service)
    return schemathesis.openapi.from_asgi("/api/v1/openapi.json", app)


def test_answers_are_as_described(described: Any) -> None:
    operations = [found.ok() for found in described.get_all_operations()]
    assert len(operations) >= 18
    schemathesis.checks.load_all_checks()
    checks = schemathesis.checks.CHECKS.get_by_names(CHECKS)
    answered: Counter[int] = Counter()
    for operation in operations:

        @settings(
            max_examples=EXAMPLES, deadline=None, suppress_health_check=list(HealthCheck), database=None
        )
        @given(case=operation.as_strategy())
        def check(case: Any) -> None:
            answer = case.call()
            answered[answer.status_code] += 1
            case.validate_response(answer, checks=checks)

        check()
    assert not answered.keys() & {401, 421, 429}  # what is refused at the gate shows nothing
    assert answered[200] > len(operations)


ASKED = "/api/v1/search?q=green+tea&explain=true&context=1"
SHAPES = [
    (ResultsShown, "GET", f"{ASKED}&facets=format&histogram=date&places=true", {}),
    (ResultsShown, "GET", "/api/v1/search", {}),
    (ResultsShown, "POST", "/api/v1/recommend", {"like": ["#3"], "explain": True, "facets": ["format"]}),
    (AnswersShown, "POST", "/api/v1/ask", {"question": "how long does the guarantee last?"}),
    (AnswersShown, "POST", "/api/v1/ask", {"question": "who was the first king of Rome?"}),
    (TagsShown, "POST", "/api/v1/tag", {"labels": ["cat", "tea"], "dry_run": True}),
    (ItemAnswer, "GET", "/api/v1/items/20", {}),
    (ItemAnswer, "GET", "/api/v1/items/3", {}),
    (StatsShown, "GET", "/api/v1/stats", {}),
]  # fmt: skip


@pytest.mark.parametrize(("model", "method", "path", "body"), SHAPES)
def test_the_models_have_all_that_the_shapes_of_all_faces_have(
    client: TestClient, model: Any, method: str, path: str, body: dict[str, Any]
) -> None:
    answer = client.get(path) if method == "GET" else client.post(path, json=body)
    assert answer.status_code == 200
    found = answer.json()
    kept = model.model_validate_json(json.dumps(found), strict=True).model_dump(
        mode="json", by_alias=True, exclude_unset=True
    )
    assert kept == found  # nothing more, nothing less


def test_every_operation_has_a_summary_and_every_body_an_example(client: TestClient) -> None:
    described = client.get("/api/v1/openapi.json").json()
    schemas = described["components"]["schemas"]
    for path, ways in described["paths"].items():
        for way, operation in ways.items():
            assert operation["summary"], path
            assert "422" not in operation["responses"], path
            content = operation.get("requestBody", {}).get("content", {}).get("application/json")
            if content is not None and path != "/api/v1/session":
                name = content["schema"]["$ref"].rpartition("/")[2]
                assert schemas[name].get("examples"), f"{way} {path}"


def test_the_documentation_asks_no_other_host(client: TestClient) -> None:
    page = client.get("/docs").text
    assert "<script" not in page
    assert "http://" not in page
    assert "https://" not in page
    assert "/api/v1/search" in page
