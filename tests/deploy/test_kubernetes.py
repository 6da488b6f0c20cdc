"""The Kubernetes manifests, as kustomize would put them together."""

from pathlib import Path

import kubernetes_validate
import pytest
import yaml

from trainer.config.sources import merge, read_layers

FOLDER = Path(__file__).parents[2] / "deploy" / "kubernetes"
KUSTOMIZATIONS = sorted(FOLDER.glob("*/kustomization.yaml"))
VERSIONS = ["1.29", kubernetes_validate.latest_version()]
# Kinds of others, which Kubernetes' schemas do not know.
FOREIGN = {"ServiceMonitor"}


def documents(folder):
    """What a kustomization lists, by kind and name, patches applied."""
    directory = FOLDER / folder
    kustomization = yaml.safe_load((directory / "kustomization.yaml").read_text())
    found = {}
    for name in kustomization["resources"]:
        if (directory / name).is_dir():
            found |= documents((directory / name).resolve().name)
        else:
            found |= read(directory / name)
    for patch in kustomization.get("patches", []):
        for key, document in read(directory / patch["path"]).items():
            found[key] = patched(found[key], document)
    return found


def read(file):
    return {
        (document["kind"], document["metadata"]["name"]): document
        for document in yaml.safe_load_all(file.read_text())
    }


def patched(value, patch):
    """A strategic merge: mappings by key, lists of named things by name; null removes."""
    if isinstance(value, dict) and isinstance(patch, dict):
        kept = {name: each for name, each in value.items() if patch.get(name, each) is not None}
        new = {name: each for name, each in patch.items() if each is not None}
        return kept | {name: patched(value.get(name), each) for name, each in new.items()}
    key = "mountPath" if isinstance(patch, list) and "mountPath" in patch[0] else "name"
    if isinstance(value, list) and isinstance(patch, list) and key in patch[0]:
        by_name = {each[key]: each for each in value}
        changed = {each[key]: patched(by_name.get(each[key]), each) for each in patch}
        return list((by_name | changed).values())
    return patch


def everything(kind=None):
    return [
        pytest.param(document, id=f"{file.parent.name}-{name}-{of.lower()}")
        for file in KUSTOMIZATIONS
        for (of, name), document in documents(file.parent.name).items()
        if kind is None or of in kind
    ]


def pod_of(document):
    spec = document["spec"]
    return (spec["jobTemplate"]["spec"] if document["kind"] == "CronJob" else spec)["template"]


def containers_of(document):
    spec = pod_of(document)["spec"]
    return [*spec.get("initContainers", []), *spec["containers"]]


PODS = everything({"Deployment", "CronJob"})


@pytest.mark.parametrize("file", KUSTOMIZATIONS, ids=lambda file: file.parent.name)
def test_a_kustomization_lists_every_file_beside_it(file):
    kustomization = yaml.safe_load(file.read_text())
    assert kustomization["kind"] in {"Kustomization", "Component"}
    listed = [*kustomization["resources"]]
    listed += [patch["path"] for patch in kustomization.get("patches", [])]
    for generator in kustomization.get("configMapGenerator", []):
        listed += generator["files"]
    files = {path.name for path in file.parent.iterdir()} - {"kustomization.yaml"}
    assert {name for name in listed if not name.startswith("../")} == files
    for name in listed:
        assert (file.parent / name).exists()


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize("document", everything())
def test_a_manifest_is_valid(document, version):
    if document["kind"] in FOREIGN:
        with pytest.raises(kubernetes_validate.SchemaNotFoundError):
            kubernetes_validate.validate(document, version, strict=True)
        return
    kubernetes_validate.validate(document, version, strict=True)


def test_an_unknown_field_is_invalid():
    document = documents("base")["Deployment", "item2vec"]
    wrong = patched(document, {"spec": {"template": {"spec": {"enableServiceLink": False}}}})
    with pytest.raises(kubernetes_validate.ValidationError):
        kubernetes_validate.validate(wrong, VERSIONS[-1], strict=True)


@pytest.mark.parametrize("document", PODS)
def test_a_pod_may_do_no_more_than_it_has_to(document):
    pod = pod_of(document)["spec"]
    assert not pod["enableServiceLinks"]
    assert not pod["automountServiceAccountToken"]
    security = pod["securityContext"]
    assert security["runAsNonRoot"]
    assert security["runAsUser"] == security["fsGroup"] == 10001
    assert security["seccompProfile"] == {"type": "RuntimeDefault"}
    for container in containers_of(document):
        assert container["securityContext"] == {
            "readOnlyRootFilesystem": True,
            "allowPrivilegeEscalation": False,
            "capabilities": {"drop": ["ALL"]},
        }
        assert container["resources"]["limits"]["memory"]
        assert container["resources"]["requests"].keys() == {"cpu", "memory"}


@pytest.mark.parametrize("document", PODS)
def test_what_a_pod_mounts_is_there(document):
    kustomization = yaml.safe_load((FOLDER / "base" / "kustomization.yaml").read_text())
    volumes = {volume["name"]: volume for volume in pod_of(document)["spec"]["volumes"]}
    mounted = {mount["name"] for each in containers_of(document) for mount in each["volumeMounts"]}
    assert mounted == volumes.keys()
    there = documents("base")
    for volume in volumes.values():
        if "persistentVolumeClaim" in volume:
            name = volume["persistentVolumeClaim"]["claimName"]
            assert ("PersistentVolumeClaim", name) in there
        if "configMap" in volume:
            generated = {each["name"] for each in kustomization["configMapGenerator"]}
            assert volume["configMap"]["name"] in generated
    images = {image["name"] for image in kustomization["images"]}
    assert {container["image"] for container in containers_of(document)} <= images


def test_the_pods_of_the_service_are_found():
    there = documents("base") | documents("monitoring")
    deployment = there["Deployment", "item2vec"]
    labels = pod_of(deployment)["metadata"]["labels"]
    service = there["Service", "item2vec"]
    monitor = there["ServiceMonitor", "item2vec"]["spec"]
    assert deployment["spec"]["selector"]["matchLabels"] == labels
    assert there["PodDisruptionBudget", "item2vec"]["spec"]["selector"]["matchLabels"] == labels
    assert service["spec"]["selector"] == labels
    assert monitor["selector"]["matchLabels"].items() <= service["metadata"]["labels"].items()
    ports = {port["name"] for port in service["spec"]["ports"]}
    assert {endpoint["port"] for endpoint in monitor["endpoints"]} <= ports
    target = there["HorizontalPodAutoscaler", "item2vec"]["spec"]["scaleTargetRef"]
    assert (target["kind"], target["name"]) in there


def test_a_pod_without_a_model_lives_and_is_not_asked():
    (container,) = containers_of(documents("base")["Deployment", "item2vec"])
    assert container["startupProbe"]["httpGet"]["path"] == "/healthz"
    assert container["livenessProbe"]["httpGet"]["path"] == "/healthz"
    assert container["readinessProbe"]["httpGet"]["path"] == "/readyz"


def test_a_night_runs_alone_and_a_refused_one_only_once():
    job = documents("base")["CronJob", "item2vec-retrain"]["spec"]
    assert job["concurrencyPolicy"] == "Forbid"
    assert job["timeZone"]
    assert job["jobTemplate"]["spec"]["backoffLimit"] == 0
    assert pod_of(documents("base")["CronJob", "item2vec-retrain"])["spec"]["restartPolicy"] == (
        "Never"
    )
    rules = job["jobTemplate"]["spec"]["podFailurePolicy"]["rules"]
    (final,) = (rule for rule in rules if rule["action"] == "FailJob")
    assert final["onExitCodes"] == {"containerName": "retrain", "operator": "In", "values": [2, 3]}


def test_models_in_an_object_store_need_no_shared_volume():
    there = documents("object-store")
    assert there["PersistentVolumeClaim", "item2vec-models"]["spec"]["accessModes"] == [
        "ReadWriteOnce"
    ]
    service = there["Deployment", "item2vec"]
    models, tmp = pod_of(service)["spec"]["volumes"]
    assert models.keys() == {"name", "emptyDir"}
    assert tmp["emptyDir"]["medium"] == "Memory"
    (container,) = containers_of(service)
    assert {mount["mountPath"]: mount.get("readOnly") for mount in container["volumeMounts"]} == {
        "/models": False,
        "/tmp": None,
    }


def test_the_settings_of_the_job_are_valid():
    config = merge(read_layers(FOLDER / "base" / "item2vec.toml", {}))
    assert config.data.paths == ["data/*.parquet"]
