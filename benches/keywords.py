"""The rule engine beside Polars and Hyperscan, one sitting: MB per CPU second, every match counted.

Polars finds substrings without word boundaries; refrain finds whole words with their spans. Hyperscan scans line by
line from Python, once for the end of each match and once with its start (`SOM_LEFTMOST`), on the first 20 MB. The
texts are the development texts in ../shared, repeated up to --megabytes.
"""

import argparse
import csv
import json
import pathlib
import subprocess
import time

import hyperscan
import polars

SHARED = pathlib.Path(__file__).resolve().parent.parent.parent / "shared"


def texts():
    for path in sorted((SHARED / "data" / "multidogo").glob("*_train.jsonl")):
        with open(path, encoding="utf-8") as lines:
            for line in lines:
                yield from (turn["text"] for turn in json.loads(line)["turns"])
    for name in ("airline_tweets/airline_tweets.csv", "twcs_spotify/twcs_spotify_customers.csv", "banking77/train.csv"):
        with open(SHARED / "data" / name, encoding="utf-8") as file:
            yield from (row["text"] for row in csv.DictReader(file))


def scan_with_hyperscan(rules, path):
    patterns = [line for line in rules.read_text(encoding="utf-8").splitlines() if line]
    lines = path.read_bytes()[:20_000_000].split(b"\n")
    megabytes = sum(len(line) + 1 for line in lines) / 1e6
    for name, flag in (("ends", hyperscan.HS_FLAG_SINGLEMATCH), ("spans", hyperscan.HS_FLAG_SOM_LEFTMOST)):
        database = hyperscan.Database()
        database.compile(
            expressions=[pattern.encode() for pattern in patterns],
            ids=list(range(len(patterns))),
            elements=len(patterns),
            flags=[hyperscan.HS_FLAG_CASELESS | flag] * len(patterns),
        )
        database.scratch = hyperscan.Scratch(database)
        found = []
        begun = time.process_time()
        for line in lines:
            database.scan(line, match_event_handler=lambda *match: found.append(match[0]))
        spent = time.process_time() - begun
        print(f"re_500   hyperscan, {name}  {megabytes / spent:.1f} MB per CPU-s, {len(found)} matches", flush=True)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--example", default="target/release/examples/keywords")
    parser.add_argument("--work", type=pathlib.Path, required=True, help="folder for temporary files")
    parser.add_argument("--megabytes", type=int, default=500)
    args = parser.parse_args()
    args.work.mkdir(parents=True, exist_ok=True)
    lines = [" ".join(text.split()) for text in texts()]
    block = "\n".join(line for line in lines if line) + "\n"
    path = args.work / "texts.txt"
    with open(path, "w", encoding="utf-8") as out:
        for _ in range(max(1, round(args.megabytes * 1e6 / len(block.encode())))):
            out.write(block)
    megabytes = path.stat().st_size / 1e6
    for kind, name in [("kw", "kw_500"), ("kw", "kw_5000"), ("re", "re_500")]:
        rules = SHARED / "peers" / f"{name}.txt"
        own = subprocess.run([args.example, kind, rules, path], check=True, capture_output=True, text=True).stdout
        print(f"{name:<8} refrain {' '.join(own.split(chr(10)))}", flush=True)
        if kind == "re":
            scan_with_hyperscan(rules, path)
        if kind == "kw":
            patterns = [line.lower() for line in rules.read_text(encoding="utf-8").splitlines() if line]
            frame = polars.DataFrame({"text": path.read_text(encoding="utf-8").splitlines()})
            begun = time.process_time()
            found = frame.select(polars.col("text").str.to_lowercase().str.extract_many(patterns))
            spent = time.process_time() - begun
            print(f"{name:<8} polars  {megabytes / spent:.1f} MB per CPU-s, {found['text'].list.len().sum()} substrings")


if __name__ == "__main__":
    main()
