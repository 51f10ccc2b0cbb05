"""The same binary over real exports: row accounting must hold and every table must be readable.

Each night is a config in tests/real/. The data lies beside the checkout in ../shared and is not part of
the project: where it is absent the night is skipped with a printed line, unless REFRAIN_TEST_INSIST is set.
"""

import argparse
import json
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile

import readers

HERE = pathlib.Path(__file__).resolve().parent
SHARED = HERE.parent.parent / "shared"

# config, night, what must be there, least conversations kept, options
NIGHTS = [
    ("ibm_twitter_care.toml", "2020-04-30", "data/ibm_twitter_care/dev.jsonl", 500),
    ("twcs_spotify.toml", "2017-12-31", "data/twcs_spotify/twcs_spotify_customers.csv", 8_000),
    ("airline_tweets.toml", "2015-02-28", "data/airline_tweets/airline_tweets.csv", 7_000),
    ("multidogo.toml", "2026-11-20", "data/multidogo/airline_train.jsonl", 9_000),
]
BATCH = ("batch.toml", "2026-11-22", 200_000)


def night(refrain, config, date, lake, extra=()):
    """Runs a night and returns its JSON summary after checking the accounting."""
    command = [refrain, "run", "--config", str(config), "--date", date, "--set", f"lake.path={lake}", "--json", *extra]
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode != 0:
        sys.exit(f"{config.name}: exit code {done.returncode}\n{done.stderr}")
    summary = json.loads(done.stdout)
    for source in summary["nights"][-1]["sources"]:
        whole = source["kept"] + source["duplicates"] + source["rejected"] + source["later"]
        if source["read"] != whole:
            sys.exit(f"{config.name}: accounting of {source} does not hold: read {source['read']}, found {whole}")
    return summary


def report(name, summary):
    last = summary["nights"][-1]
    sources = "; ".join(
        f"{s['feed']} {s['read']} = {s['kept']} + {s['duplicates']} + {s['rejected']} + {s['later']}" for s in last["sources"]
    )
    tables = last["tables"]
    print(
        f"{name}: {sources}; {tables.get('conversations', 0)} conversations, {tables.get('conversation_tags', 0)} tags, "
        f"{tables.get('repeat_links', 0)} repeats, {tables.get('issues', 0)} issues; {summary['cpu_s']:.1f} CPU-s, "
        f"{summary['peak_mib']} MiB",
        flush=True,
    )


def run_small(refrain, work):
    for config, date, needed, least in NIGHTS:
        if not (SHARED / needed).exists():
            skip(config, needed)
            continue
        lake = work / config.removesuffix(".toml")
        summary = night(refrain, HERE / "real" / config, date, lake)
        kept = summary["nights"][-1]["tables"].get("conversations", 0)
        if kept < least:
            sys.exit(f"{config}: {kept} conversations, expected at least {least}")
        report(config, summary)
        readers.check_lake(lake)
        shutil.rmtree(lake)


def run_batch(refrain, work):
    """The night that peers/make_batch.py makes, with its Parquet tables."""
    config, date, size = BATCH
    script = SHARED / "peers" / "make_batch.py"
    if not script.exists():
        skip(config, "peers/make_batch.py")
        return
    exports = work / "batch"
    subprocess.run([sys.executable, str(script), str(size), str(exports)], check=True, stdout=subprocess.DEVNULL)
    copy = exports / config
    shutil.copy(HERE / "real" / config, copy)
    shutil.copy(HERE / "real" / "test.key", exports / "test.key")
    summary = night(refrain, copy, date, work / "batch_lake")
    tables = summary["nights"][-1]["tables"]
    for table, rows in [("conversations", size), ("orders", size * 5 // 2), ("checkouts", size * 3 // 2)]:
        if tables.get(table) != rows:
            sys.exit(f"{config}: {tables.get(table)} rows of {table}, expected {rows}")
    report(config, summary)
    readers.check_lake(work / "batch_lake")


def skip(config, needed):
    if os.environ.get("REFRAIN_TEST_INSIST"):
        sys.exit(f"{config}: ../shared/{needed} is absent, and REFRAIN_TEST_INSIST is set")
    print(f"{config}: skipped, ../shared/{needed} is absent")


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--refrain", required=True)
    refrain = str(pathlib.Path(parser.parse_args().refrain).resolve())
    with tempfile.TemporaryDirectory() as folder:
        work = pathlib.Path(folder)
        run_small(refrain, work)
        run_batch(refrain, work)
    print("real exports passed")


if __name__ == "__main__":
    main()
