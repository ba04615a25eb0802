"""deploy/k8s renders, fits Kubernetes' schemas, and says what a schema cannot check."""

import subprocess
import sys
from collections.abc import Iterator
from decimal import Decimal
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import yaml
from embedded import house

REPOSITORY = Path(__file__).parents[2]
K8S = REPOSITORY / "deploy/k8s"
TOOLS = Path(sys.executable).parent
SERVICES = {"mail-ingest", "dispatch", "customer", "payments", "portal-api"}
NAME = "app.kubernetes.io/name"

Resource = dict[str, Any]

every_rendering = pytest.mark.parametrize("folder", ["base", "overlays/dev", "overlays/prod"])


@cache
def render(folder: str) -> str:
    command = [TOOLS / "kubectl", "kustomize", K8S / folder]
    answer = subprocess.run(command, capture_output=True, text=True, check=False)
    assert answer.returncode == 0, answer.stderr
    return answer.stdout


def resources(folder: str, *kinds: str) -> list[Resource]:
    return [each for each in yaml.safe_load_all(render(folder)) if not kinds or each["kind"] in kinds]


def containers(folder: str) -> Iterator[tuple[str, Resource]]:
    for each in resources(folder, "Deployment", "Job"):
        for container in each["spec"]["template"]["spec"]["containers"]:
            yield f"{each['kind']} {each['metadata']['name']}", container


def quantity(text: str | int) -> Decimal:
    """Bytes, or cores: 100m = 0.1, 1Gi = 1073741824."""
    units = {"m": Decimal("0.001"), "Ki": Decimal(2**10), "Mi": Decimal(2**20), "Gi": Decimal(2**30)}
    for unit, factor in units.items():
        if str(text).endswith(unit):
            return Decimal(str(text).removesuffix(unit)) * factor
    return Decimal(str(text))


@every_rendering
def test_fits_the_schemas(folder: str, tmp_path: Path) -> None:
    rendered = tmp_path / "rendered.yaml"
    rendered.write_text(render(folder))
    command = [TOOLS / "kubernetes-validate", "-k", "1.32", "--strict", rendered]
    answer = subprocess.run(command, capture_output=True, text=True, check=False)
    assert answer.returncode == 0, answer.stdout + answer.stderr


@every_rendering
def test_has_every_service_with_its_migration(folder: str) -> None:
    def names(kind: str) -> set[str]:
        return {each["metadata"]["name"] for each in resources(folder, kind)}

    assert names("Deployment") == SERVICES
    assert names("Service") == SERVICES
    assert names("Job") == {f"{service}-migrate" for service in SERVICES}


@every_rendering
def test_selectors_find_exactly_their_own_pods(folder: str) -> None:
    pods = [
        (each["metadata"]["name"], each["spec"]["template"]["metadata"]["labels"])
        for each in resources(folder, "Deployment", "Job")
    ]

    def found(selector: dict[str, str]) -> list[str]:
        return [name for name, labels in pods if selector.items() <= labels.items()]

    for each in resources(folder, "Deployment", "PodDisruptionBudget"):
        assert found(each["spec"]["selector"]["matchLabels"]) == [each["metadata"]["name"]]
    for each in resources(folder, "Service"):
        assert found(each["spec"]["selector"]) == [each["metadata"]["name"]]
    for each in resources(folder, "NetworkPolicy"):
        for rule in each["spec"]["podSelector"].get("matchExpressions", []):
            assert rule["key"] == NAME
            assert set(rule["values"]) <= SERVICES


@every_rendering
def test_ports_are_real_and_every_named_port_exists(folder: str) -> None:
    named: dict[str, set[str]] = {}
    for each in resources(folder, "Deployment"):
        ports = each["spec"]["template"]["spec"]["containers"][0]["ports"]
        assert all(1 <= port["containerPort"] <= 65535 for port in ports)
        named[each["metadata"]["name"]] = {port["name"] for port in ports}
    for each in resources(folder, "Service"):
        for port in each["spec"]["ports"]:
            assert 1 <= port["port"] <= 65535
            assert port["targetPort"] in named[each["metadata"]["name"]]


@every_rendering
def test_probes_ask_the_health_routes(folder: str) -> None:
    for each in resources(folder, "Deployment"):
        container = each["spec"]["template"]["spec"]["containers"][0]
        paths = {
            probe: container[probe]["httpGet"]["path"]
            for probe in ("startupProbe", "livenessProbe", "readinessProbe")
        }
        assert paths == {
            "startupProbe": "/healthz",
            "livenessProbe": "/healthz",
            "readinessProbe": "/readyz",
        }
        assert {container[probe]["httpGet"]["port"] for probe in paths} == {"http"}


@every_rendering
def test_the_time_to_stop_covers_the_pause_before_it(folder: str) -> None:
    for each in resources(folder, "Deployment"):
        pod = each["spec"]["template"]["spec"]
        pause = pod["containers"][0]["lifecycle"]["preStop"]["sleep"]["seconds"]
        assert pod["terminationGracePeriodSeconds"] >= pause + 30


@every_rendering
def test_every_container_has_requests_within_limits(folder: str) -> None:
    for where, container in containers(folder):
        needs = container["resources"]
        assert set(needs["requests"]) == set(needs["limits"]) == {"cpu", "memory"}, where
        for what, least in needs["requests"].items():
            assert quantity(least) <= quantity(needs["limits"][what]), (where, what)


def test_mail_ingest_has_room_for_a_hostile_mail() -> None:
    limits = {each: container["resources"]["limits"] for each, container in containers("base")}
    assert quantity(limits["Deployment mail-ingest"]["memory"]) >= quantity("1Gi")


@every_rendering
def test_pods_are_locked_down(folder: str) -> None:
    for each in resources(folder, "Deployment", "Job"):
        pod = each["spec"]["template"]["spec"]
        assert pod["automountServiceAccountToken"] is False
        assert pod["securityContext"]["runAsNonRoot"] is True
        assert pod["securityContext"]["runAsUser"] == 10001
        assert pod["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}
        assert {"name": "tmp", "mountPath": "/tmp"} in pod["containers"][0]["volumeMounts"]
        assert [volume["name"] for volume in pod["volumes"] if "emptyDir" in volume] == ["tmp"]
    for where, container in containers(folder):
        assert container["securityContext"] == {
            "allowPrivilegeEscalation": False,
            "readOnlyRootFilesystem": True,
            "capabilities": {"drop": ["ALL"]},
        }, where


@every_rendering
def test_images_have_a_version(folder: str) -> None:
    for where, container in containers(folder):
        _, _, tag = container["image"].partition(":")
        assert tag not in ("", "latest"), where


@every_rendering
def test_every_secret_is_in_the_readme_and_none_in_git(folder: str) -> None:
    rows = [line.split("|") for line in (K8S / "README.md").read_text().splitlines() if line.startswith("| ")]
    documented = {(row[1].strip(), row[2].strip()) for row in rows}
    used = {
        (reference["name"], reference["key"])
        for _, container in containers(folder)
        for variable in container["env"]
        if (reference := variable["valueFrom"]["secretKeyRef"])
    }
    assert used <= documented
    assert used == documented - {("secret", "key"), ("---", "---")}
    assert not resources(folder, "Secret")


@every_rendering
def test_settings_are_the_ones_that_the_services_read(folder: str) -> None:
    names = {name for service in house.SERVICES for name in service.settings.model_fields}
    known = {f"CALLBOARD_{name.upper()}" for name in names} | {"OTEL_EXPORTER_OTLP_ENDPOINT"}
    given = {key for each in resources(folder, "ConfigMap") for key in each["data"]}
    given |= {variable["name"] for _, container in containers(folder) for variable in container["env"]}
    assert given <= known


def test_production_asks_for_production() -> None:
    (settings,) = resources("overlays/prod", "ConfigMap")
    assert settings["data"]["CALLBOARD_ENVIRONMENT"] == "production"
    assert settings["data"]["CALLBOARD_JWKS_URL"]
    assert all(each["spec"]["replicas"] >= 2 for each in resources("overlays/prod", "Deployment"))
    assert len(resources("overlays/prod", "PodDisruptionBudget")) == len(SERVICES)
