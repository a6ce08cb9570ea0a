"""The interface keeps its own description: what it answers to anything is declared."""

from pathlib import Path
from typing import Any

import pytest

from server.app import create_app
from server.config import Config
from server.store import open_store
from tests.ledgers import NOON, SCHEMES, bill, enrol, node_trust, submission


@pytest.mark.slow
def test_any_request_gets_a_declared_answer(tmp_path: Path) -> None:
    """Schemathesis in process: no server error, no undeclared status, type or shape."""
    import schemathesis
    from hypothesis import HealthCheck, given, settings
    from schemathesis.checks import not_a_server_error
    from schemathesis.specs.openapi.checks import (
        content_type_conformance,
        response_schema_conformance,
        status_code_conformance,
    )

    @schemathesis.serializer("application/zip")
    def as_file(_: Any, value: Any) -> bytes:
        """Whatever was drawn for a file, as bytes."""
        return value if isinstance(value, bytes) else str(value).encode(errors="replace")

    store = enrol(open_store(f"sqlite:///{tmp_path}/ledger.db", SCHEMES))
    store.submit([submission(bill(1), bill(2))], NOON)
    trust, _, _ = node_trust()
    app = create_app(Config(home=tmp_path), store=store, trust=trust, clock=lambda: NOON)
    schema = schemathesis.openapi.from_wsgi("/openapi/openapi.json", app)
    checks = [not_a_server_error, status_code_conformance, content_type_conformance, response_schema_conformance]
    for result in schema.get_all_operations():
        operation: Any = result.ok()  # type: ignore[union-attr]  # an error would end the test just as well

        @settings(max_examples=15, deadline=None, suppress_health_check=list(HealthCheck), database=None)
        @given(case=operation.as_strategy())
        def ask(case: Any) -> None:
            case.call_and_validate(checks=checks)

        ask()
    app.extensions["cardstack"].intake.close()
    store.close()
