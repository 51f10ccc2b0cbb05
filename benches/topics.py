"""BERTopic beside refrain on labelled texts: accuracy, NMI, B-cubed F1, and precision and recall of noise.

    cargo build --release -p refrain-issues --example grid
    pip install bertopic
    python benches/topics.py --grid target/release/examples/grid [--vectors] FILE...

A FILE is JSONL with `text` and `tag`; texts of the tag `oos` belong nowhere. Without --vectors BERTopic gets an SVD of
TF-IDF weights, with it both get the vectors in `x.f32` beside `x.jsonl` (the example `embed` of refrain-embed makes
them). Noise counts as one cluster, in both.
"""

import argparse
import json
import subprocess
import time
from pathlib import Path

import numpy as np
from bertopic import BERTopic
from scipy.optimize import linear_sum_assignment
from sklearn.decomposition import TruncatedSVD
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.metrics import normalized_mutual_info_score
from sklearn.preprocessing import normalize
from umap import UMAP


def figures(tags, labels):
    """Hungarian accuracy, NMI, B-cubed F1, noise precision and recall, topics, share of noise."""
    rows = {tag: i for i, tag in enumerate(sorted(set(tags)))}
    columns = {label: i for i, label in enumerate(sorted(set(labels)))}
    counts = np.zeros((len(rows), len(columns)))
    for tag, label in zip(tags, labels):
        counts[rows[tag], columns[label]] += 1
    matched = counts[linear_sum_assignment(-counts)].sum()
    precision = (counts**2 / counts.sum(0, keepdims=True)).sum() / len(tags)
    recall = (counts**2 / counts.sum(1, keepdims=True)).sum() / len(tags)
    noise, oos = np.array(labels) == -1, np.array(tags) == "oos"
    return {
        "acc": matched / len(tags),
        "nmi": normalized_mutual_info_score(tags, labels),
        "b3": 2 * precision * recall / (precision + recall),
        "noise-p": (noise & oos).sum() / max(1, noise.sum()),
        "noise-r": (noise & oos).sum() / max(1, oos.sum()),
        "k": len(columns) - int(-1 in columns),
        "alone": noise.mean(),
    }


def bertopic(path, with_vectors):
    rows = [json.loads(line) for line in path.read_text().splitlines()]
    texts, tags = [r["text"] for r in rows], [r["tag"] for r in rows]
    began = time.process_time()
    if with_vectors:
        vectors = np.fromfile(path.with_suffix(".f32"), dtype="<f4").reshape(len(texts), -1)
    else:
        weights = TfidfVectorizer(ngram_range=(1, 2), sublinear_tf=True, min_df=2).fit_transform(texts)
        vectors = normalize(TruncatedSVD(128, random_state=0).fit_transform(weights))
    umap = UMAP(n_neighbors=15, n_components=5, min_dist=0.0, metric="cosine", random_state=0)
    labels, _ = BERTopic(umap_model=umap, verbose=False).fit_transform(texts, embeddings=vectors.astype(np.float64))
    return figures(tags, labels) | {"cpu": time.process_time() - began}


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--grid", required=True, help="refrain-issues' example")
    parser.add_argument("--vectors", action="store_true")
    parser.add_argument("files", type=Path, nargs="+", metavar="FILE")
    args = parser.parse_args()
    for path in args.files:
        found = bertopic(path, args.vectors)
        print("BERTopic ", "  ".join(f"{name} {value:.3f}" for name, value in found.items()), path, flush=True)
        command = [args.grid, *(["--vectors"] if args.vectors else []), str(path)]
        print("refrain  ", subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip(), flush=True)
