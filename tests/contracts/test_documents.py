"""The documents in docs/ are what the code says."""

from pathlib import Path

import pytest
from embedded.contracts import contracts

DOCS = Path(__file__).parents[2] / "docs"


def test_the_documents_are_up_to_date(capsys: pytest.CaptureFixture[str]) -> None:
    status = contracts(DOCS, check=True)
    assert status == 0, f"run `make contracts`\n{capsys.readouterr().out[:4000]}"


def test_a_difference_is_shown(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert contracts(tmp_path, check=True) == 1
    assert not list(tmp_path.iterdir())
    assert contracts(tmp_path, check=False) == 0
    assert contracts(tmp_path, check=True) == 0
    document = tmp_path / "openapi" / "dispatch.json"
    document.write_text(document.read_text().replace("/v1/dispatches", "/v1/jobs"))
    capsys.readouterr()
    assert contracts(tmp_path, check=True) == 1
    assert "-" in capsys.readouterr().out
