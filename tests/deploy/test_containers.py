"""deploy/compose.yaml and deploy/Dockerfile, as far as they can be judged without a container engine."""

import re
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Any

import yaml
from embedded import house

REPOSITORY = Path(__file__).parents[2]
DEPLOY = REPOSITORY / "deploy"
SERVICES = ["mail-ingest", "dispatch", "customer", "payments", "portal-api"]


def compose(name: str = "compose.yaml") -> dict[str, Any]:
    return yaml.safe_load((DEPLOY / name).read_text())["services"]


def test_compose_runs_every_service_after_its_migration() -> None:
    services = compose()
    for name in SERVICES:
        assert services[name]["build"]["args"] == {"SERVICE": name}
        waits = services[name]["depends_on"]
        assert waits[f"{name}-migrate"] == {"condition": "service_completed_successfully"}
        assert services[f"{name}-migrate"]["command"] == ["migrate"]
        assert services[f"{name}-migrate"]["environment"] == services[name]["environment"]


def test_each_service_has_a_database_of_its_own() -> None:
    whole = yaml.safe_load((DEPLOY / "compose.yaml").read_text())
    created = re.findall(r"CREATE DATABASE (\w+);", whole["configs"]["databases"]["content"])
    used = [
        whole["services"][name]["environment"]["CALLBOARD_DATABASE_URL"].rpartition("/")[2]
        for name in SERVICES
    ]
    assert used == created
    assert len(set(used)) == len(SERVICES)


def test_compose_publishes_on_loopback_only_and_no_port_twice() -> None:
    published = [port for service in compose().values() for port in service.get("ports", [])]
    assert published
    assert all(port.startswith("127.0.0.1:") for port in published)
    assert len(published) == len({port.split(":")[1] for port in published})


def test_images_from_elsewhere_have_a_version() -> None:
    for name, service in compose().items():
        if "build" not in service:
            assert re.search(r":\d+\.\d+", service["image"]), name


def test_compose_holds_no_password() -> None:
    """They come from the file that `make up` writes, and are asked for with a word of what to do."""
    text = (DEPLOY / "compose.yaml").read_text()
    secrets = {"POSTGRES_PASSWORD", "RABBITMQ_PASSWORD", "CALLBOARD_SECRET_KEY"}
    assert set(re.findall(r"\$\{(\w+)", text)) == secrets
    given = {
        key: value
        for service in compose().values()
        for key, value in service.get("environment", {}).items()
        if re.search("PASS|KEY", key)
    }
    assert given
    assert all(re.fullmatch(r"\$\{\w+:\?run make up\}", value) for value in given.values())
    makefile = (REPOSITORY / "Makefile").read_text()
    assert all(f"{name}=" in makefile for name in secrets)


def test_the_settings_are_the_ones_that_the_services_read() -> None:
    for service in house.SERVICES:
        known = {f"CALLBOARD_{name.upper()}" for name in service.settings.model_fields}
        assert set(compose()[service.name]["environment"]) <= known


def test_every_service_asks_portal_api_for_the_keys() -> None:
    for name in SERVICES:
        assert compose()[name]["environment"]["CALLBOARD_JWKS_URL"] == "http://portal-api:8000/v1/jwks"


def test_the_services_run_without_rights() -> None:
    for name in SERVICES:
        service = compose()[name]
        assert service["read_only"] is True
        assert service["cap_drop"] == ["ALL"]
        assert "/readyz" in str(service["healthcheck"]["test"])


def test_dockerfile_is_clean() -> None:
    answer = subprocess.run(
        [Path(sys.executable).with_name("hadolint"), DEPLOY / "Dockerfile"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert answer.returncode == 0, answer.stdout + answer.stderr


def test_dockerfile_installs_what_the_workspace_names() -> None:
    """Every image is `callboard-$SERVICE`, started as module $SERVICE with _ for -."""
    text = (DEPLOY / "Dockerfile").read_text()
    assert "uv sync --frozen --no-dev --no-editable --package" in text
    assert "USER 10001:10001" in text
    for manifest in [*REPOSITORY.glob("services/*/pyproject.toml"), DEPLOY / "simulators/pyproject.toml"]:
        project = tomllib.loads(manifest.read_text())
        service = manifest.parent.name
        assert project["project"]["name"] == f"callboard-{service}"
        assert project["tool"]["uv"]["build-backend"]["module-name"] == service.replace("-", "_")


def test_the_tests_container_runs_what_make_test_runs() -> None:
    tests = compose("compose.tests.yaml")["tests"]
    assert tests["command"] == "make verify"
    assert "deploy/setup/servers.sh" in tests["build"]["dockerfile_inline"]
