"""Tag models beside scikit-learn on labelled sets, one sitting: `make bench-labels`.

Reads the development data in ../shared (not part of the project). Every split is made here from development data;
refrain only sees what `refrain train` and `refrain eval` see. Times are CPU seconds of the process.
"""

import argparse
import csv
import json
import pathlib
import subprocess
import time
import warnings

import numpy as np
from scipy import sparse
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import f1_score, roc_auc_score
from sklearn.model_selection import StratifiedKFold
from sklearn.multiclass import OneVsRestClassifier
from sklearn.preprocessing import MultiLabelBinarizer
from sklearn.svm import LinearSVC

warnings.filterwarnings("ignore")
SHARED = pathlib.Path(__file__).resolve().parent.parent.parent / "shared" / "data"


def jsonl(path):
    with open(path, encoding="utf-8") as lines:
        return [json.loads(line) for line in lines]


def banking(num_folds):
    """Folds of the official training part, stratified, one seed."""
    with open(SHARED / "banking77" / "train.csv", encoding="utf-8") as file:
        rows = [(row["text"], [row["category"]]) for row in csv.DictReader(file)]
    labels = [tags[0] for _, tags in rows]
    for train, test in list(StratifiedKFold(5, shuffle=True, random_state=1).split(rows, labels))[:num_folds]:
        yield [rows[i] for i in train], [rows[i] for i in test]


def clinc():
    """train to val, out-of-scope rows with no tag on both sides."""
    def part(name):
        inside = [(r["text"], [r["intent"]]) for r in jsonl(SHARED / "clinc150" / f"{name}.jsonl")]
        return inside + [(r["text"], []) for r in jsonl(SHARED / "clinc150" / f"oos_{name}.jsonl")]
    yield part("train"), part("val")


def multidogo():
    """Every customer turn of the finance domain, train to dev."""
    def part(name):
        rows = []
        for conversation in jsonl(SHARED / "multidogo" / f"finance_{name}.jsonl"):
            for turn in conversation["turns"]:
                rows.append((turn["text"], turn["intents"]))
        return rows
    train = part("train")
    # A tag that training never showed can be nobody's merit.
    known = {tag for _, tags in train for tag in tags}
    yield train, [(text, [t for t in tags if t in known]) for text, tags in part("dev")]


def nlupp(domain):
    """Folds 0-11 to folds 12-14."""
    rows = jsonl(SHARED / "nlupp" / f"{domain}.jsonl")
    part = lambda lo, hi: [(r["text"], r.get("intents", [])) for r in rows if lo <= r["fold"] <= hi]
    yield part(0, 11), part(12, 14)


def features(train, test):
    """Words 1-2 and characters 3-5, sublinear TF-IDF: what peers usually take."""
    blocks = [
        TfidfVectorizer(ngram_range=(1, 2), sublinear_tf=True),
        TfidfVectorizer(analyzer="char_wb", ngram_range=(3, 5), sublinear_tf=True),
    ]
    fit = [block.fit_transform(train) for block in blocks]
    return sparse.hstack(fit).tocsr(), lambda texts: sparse.hstack([b.transform(texts) for b in blocks]).tocsr()


def peer_single(model, train, test):
    """Accuracy inside the tags, and AUROC of the best score for texts without a tag."""
    inside = [(text, tags[0]) for text, tags in train if tags]
    spent = time.process_time()
    matrix, transform = features([t for t, _ in inside], None)
    model.fit(matrix, [tag for _, tag in inside])
    fit_s = time.process_time() - spent
    spent = time.process_time()
    scores = model.decision_function(transform([t for t, _ in test]))
    rate = len(test) / (time.process_time() - spent)
    best = model.classes_[scores.argmax(1)]
    known = np.array([bool(tags) for _, tags in test])
    right = np.array([bool(tags) and tags[0] == guess for (_, tags), guess in zip(test, best)])
    auroc = roc_auc_score(known, scores.max(1)) if not known.all() else None
    return {"accuracy": right[known].mean(), "auroc": auroc, "fit_s": fit_s, "rate": rate}


def peer_multi(c, train, test):
    """Micro and macro F1 of one linear SVM a tag."""
    binarizer = MultiLabelBinarizer()
    targets = binarizer.fit_transform([tags for _, tags in train])
    spent = time.process_time()
    matrix, transform = features([t for t, _ in train], None)
    model = OneVsRestClassifier(LinearSVC(C=c)).fit(matrix, targets)
    fit_s = time.process_time() - spent
    spent = time.process_time()
    found = model.predict(transform([t for t, _ in test]))
    rate = len(test) / (time.process_time() - spent)
    due = binarizer.transform([tags for _, tags in test])
    return {"micro_f1": f1_score(due, found, average="micro"), "macro_f1": f1_score(due, found, average="macro"),
            "fit_s": fit_s, "rate": rate}


def own(refrain, work, train, test, settings, embedder, distil):
    """The same split through the command line; a distilled model is measured without its embedder."""
    for name, rows in [("train", train), ("test", test)]:
        with open(work / f"{name}.jsonl", "w", encoding="utf-8") as out:
            for text, tags in rows:
                out.write(json.dumps({"text": text, "tags": tags}) + "\n")
    command = [refrain, "train", "--labels", work / "train.jsonl", "--model", work / "model", "--json"]
    teach = ["--distil"] if distil else []
    fitted = json.loads(subprocess.run([*command, *settings, *embedder, *teach], check=True, capture_output=True).stdout)
    command = [refrain, "eval", "--model", work / "model", "--labels", work / "test.jsonl", "--json"]
    judged = json.loads(subprocess.run([*command, *([] if distil else embedder)], check=True, capture_output=True).stdout)
    embed_s = judged["embed_cpu_s"]
    return {"accuracy": judged["accuracy"], "auroc": judged["out_of_scope_auroc"], "micro_f1": judged["micro_f1"],
            "macro_f1": judged["macro_f1"], "ece": judged["ece"], "fit_s": fitted["fit_cpu_s"],
            "rate": judged["texts_per_cpu_s"], "embed_s": fitted["embed_cpu_s"],
            "rate_embedded": len(test) / (embed_s + len(test) / judged["texts_per_cpu_s"]), "bytes": fitted["model_bytes"]}


def mean(results):
    keys = results[0].keys()
    return {k: None if results[0][k] is None else float(np.mean([r[k] for r in results])) for k in keys}


def show(name, who, result, keys):
    cells = [f"{k} {100 * result[k]:.2f}" for k in keys if result.get(k) is not None]
    cells += [f"{k} {result[k]:.2f}" for k in ("fit_s",) if k in result]
    cells += [f"{result['rate']:.0f} texts per CPU-s"]
    cells += [f"ece {100 * result['ece']:.1f}, {result['bytes'] / 1e6:.1f} MB" if "ece" in result else ""]
    if result.get("embed_s"):
        cells += [f"embed_s {result['embed_s']:.2f}, {result['rate_embedded']:.0f} texts per CPU-s with embedding"]
    print(f"{name:<10} {who:<22} {', '.join(c for c in cells if c)}", flush=True)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--refrain", default="target/release/refrain")
    parser.add_argument("--work", type=pathlib.Path, required=True, help="folder for temporary files")
    parser.add_argument("--folds", type=int, default=5, help="folds of Banking77")
    parser.add_argument("--only", help="one set: banking77, clinc150, multidogo, nlupp")
    parser.add_argument("--no-peers", action="store_true")
    parser.add_argument("--static-model", help="token vectors as features beside the words")
    parser.add_argument("--transformer-model", help="vectors of a sentence-transformers folder as features")
    parser.add_argument("--distil", action="store_true", help="guess these vectors from the words when tagging")
    args, settings = parser.parse_known_args()
    folders = [("--static-model", args.static_model), ("--transformer-model", args.transformer_model)]
    embedder = [part for flag, folder in folders if folder for part in (flag, folder)]
    args.work.mkdir(parents=True, exist_ok=True)
    refrain = pathlib.Path(args.refrain).resolve()
    single = [
        ("LinearSVC C=1", lambda a, b: peer_single(LinearSVC(C=1), a, b)),
        ("LogisticRegression C=30", lambda a, b: peer_single(LogisticRegression(C=30, max_iter=100), a, b)),
    ]
    several = lambda c: [(f"LinearSVC C={c}", lambda a, b: peer_multi(c, a, b))]
    sets = [
        ("banking77", list(banking(args.folds)), single, ["accuracy"]),
        ("clinc150", list(clinc()), single[:1], ["accuracy", "auroc"]),
        ("multidogo", list(multidogo()), several(1), ["macro_f1", "micro_f1"]),
        ("nlupp bank", list(nlupp("banking")), several(3), ["micro_f1", "macro_f1"]),
        ("nlupp hot", list(nlupp("hotels")), several(3), ["micro_f1", "macro_f1"]),
    ]
    for name, splits, peers, keys in sets:
        if args.only and not name.startswith(args.only):
            continue
        show(name, "refrain", mean([own(refrain, args.work, a, b, settings, embedder, args.distil) for a, b in splits]), keys)
        if not args.no_peers:
            for who, peer in peers:
                show(name, who, mean([peer(a, b) for a, b in splits]), keys)


if __name__ == "__main__":
    main()
