"""The Kubernetes manifests: valid by the official schemas, and fitting to what the gateway does."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import kubernetes_validate
import pytest
import yaml

import gateway
from gateway.config.load import Configuration, load
from gateway.core.metrics import METRICS
from gateway.launcher import GRACE
from tests.deploy.queries import faults

Manifest = dict[str, Any]

FOLDER = Path(__file__).parents[2] / "deploy" / "kubernetes"
KUSTOMIZATION: Manifest = yaml.safe_load((FOLDER / "kustomization.yaml").read_text())
NOT_APPLIED = {"kustomization.yaml", "gateway.yaml", "adapter-rules.yaml"}
OLDEST = "1.30"
"""The first version of Kubernetes with `preStop: sleep` switched on."""


def manifests() -> dict[str, Manifest]:
    """All that is applied, by kind; there is one of each."""
    found = [yaml.safe_load((FOLDER / name).read_text()) for name in KUSTOMIZATION["resources"]]
    by_kind = {manifest["kind"]: manifest for manifest in found}
    assert len(by_kind) == len(found)
    return by_kind


MANIFESTS = manifests()
DEPLOYMENT = MANIFESTS["Deployment"]["spec"]
POD = DEPLOYMENT["template"]["spec"]
(CONTAINER,) = POD["containers"]
LABELS = DEPLOYMENT["template"]["metadata"]["labels"]
ANNOTATIONS = DEPLOYMENT["template"]["metadata"]["annotations"]


@pytest.fixture(scope="module")
def configuration(tmp_path_factory: pytest.TempPathFactory) -> Configuration:
    """The ConfigMap's file, in a folder laid out as the pod's volume is."""
    folder = tmp_path_factory.mktemp("etc")
    (folder / "tokens").mkdir()
    (folder / "tokens" / "operator").write_text("0123456789abcdef0123456789abcdef\n")
    return load((FOLDER / "gateway.yaml").read_bytes(), name="gateway.yaml", folder=folder)


# ---- by the schemas


@pytest.mark.parametrize("version", [OLDEST, kubernetes_validate.latest_version()])
@pytest.mark.parametrize("kind", MANIFESTS)
def test_every_manifest_is_valid_by_the_official_schemas(kind: str, version: str) -> None:
    """Strictly: no unknown key, either."""
    kubernetes_validate.validate(MANIFESTS[kind], version, strict=True)


def test_the_schemas_would_find_a_mistake() -> None:
    wrong = MANIFESTS["Service"] | {"spec": {**MANIFESTS["Service"]["spec"], "selectors": {}}}
    with pytest.raises(kubernetes_validate.ValidationError, match="selectors"):
        kubernetes_validate.validate(wrong, OLDEST, strict=True)


def test_every_file_is_applied_or_known_not_to_be() -> None:
    files = {path.name for path in FOLDER.glob("*.yaml")}
    assert files == {*KUSTOMIZATION["resources"], *NOT_APPLIED}


def test_the_image_is_of_this_version() -> None:
    (image,) = KUSTOMIZATION["images"]
    assert (image["name"], image["newTag"]) == (CONTAINER["image"], gateway.__version__)


# ---- the configuration reaches the pod


def test_the_configuration_has_no_faults_and_no_warnings(configuration: Configuration) -> None:
    assert configuration.warnings == ()
    assert configuration.snapshot.routes


def test_a_changed_configmap_reaches_running_pods() -> None:
    """It keeps its name, and is mounted as a folder: then the kubelet swaps `..data`, which the gateway watches."""
    assert KUSTOMIZATION["generatorOptions"] == {"disableNameSuffixHash": True}
    (generated,) = KUSTOMIZATION["configMapGenerator"]
    assert generated == {"name": "gateway", "files": ["gateway.yaml"]}
    (mount,) = [each for each in CONTAINER["volumeMounts"] if each["mountPath"] == "/etc/gateway"]
    assert "subPath" not in mount
    sources = volume(mount["name"])["projected"]["sources"]
    assert {"configMap": {"name": "gateway"}} in sources


def test_the_secret_lies_where_the_configuration_looks() -> None:
    sources = volume("config")["projected"]["sources"]
    (item,) = [item for source in sources if "secret" in source for item in source["secret"]["items"]]
    assert f"${{file:{item['path']}}}" in (FOLDER / "gateway.yaml").read_text()


def test_what_must_be_writable_is_and_nothing_else(configuration: Configuration) -> None:
    """The run directory goes to /tmp, the store to its own volume."""
    writable = {each["mountPath"]: each["name"] for each in CONTAINER["volumeMounts"] if not each.get("readOnly")}
    assert writable.keys() == {"/tmp", "/var/lib/gateway"}
    assert all("emptyDir" in volume(name) for name in writable.values())
    assert configuration.settings.store.reveal().startswith("sqlite:////var/lib/gateway/")


def volume(name: str) -> Manifest:
    (found,) = [each for each in POD["volumes"] if each["name"] == name]
    return dict(found)


# ---- its life


def test_ports_are_those_that_the_configuration_listens_on(configuration: Configuration) -> None:
    ports = {each["name"]: each["containerPort"] for each in CONTAINER["ports"]}
    assert ports == {"http": configuration.snapshot.listen[0].port, "admin": configuration.settings.admin.port}
    assert ANNOTATIONS["prometheus.io/port"] == str(ports["admin"])
    assert MANIFESTS["Service"]["spec"]["ports"][0]["targetPort"] == "http"


@pytest.mark.parametrize(
    ("probe", "path"), [("startupProbe", "/readyz"), ("readinessProbe", "/readyz"), ("livenessProbe", "/livez")]
)
def test_probes_ask_the_serving_port(probe: str, path: str) -> None:
    assert CONTAINER[probe]["httpGet"] == {"path": path, "port": "http"}


def test_a_pod_has_the_time_to_drain(configuration: Configuration) -> None:
    """And its readiness is found out within the delay."""
    limits, ready = configuration.snapshot.limits, CONTAINER["readinessProbe"]
    leaves = CONTAINER["lifecycle"]["preStop"]["sleep"]["seconds"]
    assert POD["terminationGracePeriodSeconds"] > leaves + limits.drain_delay + limits.drain + GRACE
    assert ready["periodSeconds"] * ready["failureThreshold"] < limits.drain_delay
    assert leaves > 0


def test_an_upgrade_or_a_drained_node_leaves_pods_that_serve() -> None:
    assert DEPLOYMENT["strategy"]["rollingUpdate"] == {"maxSurge": 1, "maxUnavailable": 0}
    assert MANIFESTS["PodDisruptionBudget"]["spec"]["maxUnavailable"] == 1
    assert MANIFESTS["HorizontalPodAutoscaler"]["spec"]["minReplicas"] >= 2


# ---- what it may


def test_the_pod_asks_for_no_more_than_the_restricted_standard_allows() -> None:
    """Pod Security Standards, "restricted"; and the namespace enforces it."""
    pod, container = POD["securityContext"], CONTAINER["securityContext"]
    assert pod["runAsNonRoot"] is True
    assert pod["runAsUser"] > 0
    assert pod["seccompProfile"] == {"type": "RuntimeDefault"}
    assert container == {
        "allowPrivilegeEscalation": False,
        "readOnlyRootFilesystem": True,
        "capabilities": {"drop": ["ALL"]},
    }
    assert POD["automountServiceAccountToken"] is False
    assert MANIFESTS["Namespace"]["metadata"]["labels"] == {"pod-security.kubernetes.io/enforce": "restricted"}
    assert not {"hostNetwork", "hostPID", "hostIPC"} & POD.keys()


def test_the_user_is_the_image_s() -> None:
    recipe = (FOLDER.parents[1] / "Dockerfile").read_text()
    assert f"USER {POD['securityContext']['runAsUser']}:{POD['securityContext']['runAsGroup']}\n" in recipe


def test_the_admin_port_is_open_to_prometheus_only_and_models_and_names_can_be_reached() -> None:
    policy = MANIFESTS["NetworkPolicy"]["spec"]
    assert policy["policyTypes"] == ["Ingress", "Egress"]
    senders = {rule["ports"][0]["port"]: rule.get("from") for rule in policy["ingress"]}
    assert senders.keys() == {"http", "admin"}
    assert senders["admin"] == [{"namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": "monitoring"}}}]
    reached = [peer["namespaceSelector"]["matchLabels"] for rule in policy["egress"] for peer in rule["to"]]
    assert [each["kubernetes.io/metadata.name"] for each in reached] == ["kube-system", "models"]


def test_models_are_in_the_namespace_that_may_be_reached(configuration: Configuration) -> None:
    hosts = [each.host for variant in configuration.snapshot.variants.values() for each in variant.endpoints]
    assert hosts
    assert all(host.endswith(".models.svc.cluster.local") for host in hosts)


# ---- they belong together


def selectors(value: object) -> Iterator[object]:
    """Every pod selector below a manifest."""
    if isinstance(value, dict):
        for key, below in value.items():
            if key in {"labelSelector", "podSelector"} or (key == "selector" and "matchLabels" in below):
                yield below["matchLabels"]
            elif key == "selector":
                yield below
            else:
                yield from selectors(below)
    elif isinstance(value, list):
        for each in value:
            yield from selectors(each)


@pytest.mark.parametrize("kind", ["Deployment", "Service", "PodDisruptionBudget", "NetworkPolicy"])
def test_all_select_the_same_pods(kind: str) -> None:
    found = list(selectors(MANIFESTS[kind]["spec"]))
    assert found
    assert all(each == LABELS for each in found)


def test_the_autoscaler_follows_a_metric_that_exists() -> None:
    """And the adapter offers it by the same name; the number of replicas is the autoscaler's alone."""
    scaler = MANIFESTS["HorizontalPodAutoscaler"]["spec"]
    assert scaler["scaleTargetRef"]["name"] == MANIFESTS["Deployment"]["metadata"]["name"]
    assert "replicas" not in DEPLOYMENT
    (pods,) = [each["pods"] for each in scaler["metrics"] if each["type"] == "Pods"]
    (rule,) = yaml.safe_load((FOLDER / "adapter-rules.yaml").read_text())["rules"]["custom"]
    assert pods["metric"]["name"] == rule["name"]["as"] == "gateway_in_flight_requests"
    assert "gateway_in_flight_requests" in {metric.name for metric in METRICS if metric.kind == "gauge"}
    assert faults(rule["seriesQuery"].replace("namespace", "job").replace("pod", "job")) == []


def test_the_autoscaler_has_requests_of_cpu_to_go_by() -> None:
    assert {"cpu", "memory"} <= CONTAINER["resources"]["requests"].keys() & CONTAINER["resources"]["limits"].keys()
