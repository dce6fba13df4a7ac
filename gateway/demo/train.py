"""Trains the demo's three models. Run by the interpreter that has scikit-learn and MLServer, so it imports nothing of
ours. It prints the folder that holds them: a model repository as MLServer reads it, and `samples.json`, images that no
model saw, with their labels. A folder made before by the same code and library is used again.
"""

import hashlib
import json
import os
import sys
import tempfile
from importlib.metadata import version
from pathlib import Path
from typing import Any

SEED = 7


def main(cache: Path) -> None:
    """Print where the models are, after making them if need be."""
    code = Path(__file__).read_bytes() + version("scikit-learn").encode() + sys.version.encode()
    folder = cache / f"digits-{hashlib.sha256(code).hexdigest()[:12]}"
    if not folder.is_dir():
        make(folder)
    sys.stdout.write(f"{folder}\n")


def make(folder: Path) -> None:
    """Train beside it and rename at the end, so that a half-made folder is never taken for a whole one."""
    folder.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    with tempfile.TemporaryDirectory(dir=folder.parent, prefix="making-") as scratch:
        made = Path(scratch, folder.name)
        train(made)
        try:
            os.rename(made, folder)
        except OSError:  # another demo was faster
            if not folder.is_dir():
                raise


def train(folder: Path) -> None:
    """Three models of the same task, each in the shape MLServer loads, and the samples to try them with.

    The library is imported here and below: a run that has its models already need not wait two seconds for it.
    """
    from sklearn.datasets import load_digits
    from sklearn.model_selection import train_test_split

    images, labels = load_digits(return_X_y=True)
    seen, unseen, seen_labels, unseen_labels = train_test_split(images, labels, test_size=0.4, random_state=SEED)
    for name, model in candidates().items():
        write_model(folder / name, model.fit(seen, seen_labels))
    pairs = zip(unseen.astype(int).tolist(), unseen_labels.tolist(), strict=True)
    samples = [{"image": image, "label": label} for image, label in pairs]
    (folder / "samples.json").write_text(json.dumps(samples))


def candidates() -> dict[str, Any]:
    """The version trusted today, one that is better, and one that a check on a laptop let slip through."""
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import MinMaxScaler
    from sklearn.svm import SVC
    from sklearn.tree import DecisionTreeClassifier

    return {
        "digits-1": make_pipeline(MinMaxScaler(), LogisticRegression(C=0.1, max_iter=500)),
        "digits-2": SVC(gamma=0.001),
        "digits-3": DecisionTreeClassifier(max_depth=5, random_state=SEED),
    }


def write_model(folder: Path, model: Any) -> None:
    """The fitted model and the settings MLServer finds it by."""
    import joblib

    folder.mkdir(parents=True)
    joblib.dump(model, folder / "model.joblib")
    settings = {
        "name": folder.name,
        "implementation": "mlserver_sklearn.SKLearnModel",
        "parameters": {"uri": "./model.joblib", "version": folder.name.rpartition("-")[2]},
    }
    (folder / "model-settings.json").write_text(json.dumps(settings, indent=2))


if __name__ == "__main__":
    main(Path(sys.argv[1]))
