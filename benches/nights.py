"""Measures issue identity over 60 nights: does refrain find the problems that `refrain season` planted, and do its
issues keep their ids and meaning from night to night?

Makes a season of two shops (two months, two problems that appear in its midst), runs the nights one by one, keeps
`issues`, `issue_members` and `issue_lineage` after each, and measures what was published every night against
`truth/conversations.jsonl.zst`: B-cubed, births, churn, lineage, fragmentation. The same figures of three degenerate
ways to group (one giant issue, every conversation alone, two random issues merged every night) show what they punish.

    python benches/nights.py --work DIR [--seed 7] [--conversations 12000] [--nights 60] [--model none|starter|labels]

Nights already run in --work are not run again.
"""

import argparse
import datetime
import random
import shutil
import statistics
import subprocess
import time
from pathlib import Path

import duckdb

START = datetime.date(2025, 10, 1)
TABLES = ("issues", "issue_members", "issue_lineage")
SETTINGS = """months = 2
[[incidents]]
id = "leaking-kettle"
shop = "de"
from = "2025-10-20"
to = "2025-11-30"
kind = { leaking_product = { sku = "KI-2403", share = 0.5 } }
[[incidents]]
id = "welcome-code"
shop = "uk"
from = "2025-10-28"
to = "2025-11-30"
kind = { fading_code = { share = 0.02 } }
"""


def run_nights(args):
    """Season and nights; leaves snap/<date>/<table>/."""
    season = args.work / "season"
    if not season.exists():
        args.work.mkdir(parents=True, exist_ok=True)
        (args.work / "settings.toml").write_text(SETTINGS)
        refrain(args, "season", "--out", season, "--conversations", args.conversations, "--seed", args.seed,
                "--settings", args.work / "settings.toml", "-q")
        config = season / "refrain.toml"
        if args.model != "none":
            labels = ["--starter"] if args.model == "starter" else ["--labels", season / "truth/labels.jsonl"]
            (season / "models").mkdir()
            refrain(args, "train", *labels, "--model", season / "models/tags.refrain", "-q")
            config.write_text(config.read_text().replace("[tags]\n", '[tags]\nmodel = "models/tags.refrain"\n'))
    for n in range(args.nights):
        night = START + datetime.timedelta(days=n)
        snap = args.work / "snap" / str(night)
        if snap.exists():
            continue
        began = time.monotonic()
        refrain(args, "run", "--config", season / "refrain.toml", "--date", night, "-q")
        seconds = time.monotonic() - began
        part = snap.with_suffix(".part")  # named in the end, so that a snapshot is whole or not there
        shutil.rmtree(part, ignore_errors=True)
        for source in (season / "lake/current" / table for table in TABLES):
            if source.exists():
                shutil.copytree(source, part / source.name)
        (part / "seconds").write_text(f"{seconds:.2f}")
        part.rename(snap)


def refrain(args, *command):
    """Runs the binary."""
    subprocess.run([args.refrain, *map(str, command)], check=True, stdout=subprocess.DEVNULL)


def load(args):
    """Connection with `conv`, `pub` (a conversation's issue as published each night), `lineage` and the shuffled ids."""
    con = duckdb.connect()
    lake = args.work / "season/lake/current"
    for table in TABLES:
        files, night = f"{args.work}/snap/*/{table}/**/*.parquet", "regexp_extract(filename, 'snap/([0-9-]{10})/', 1)"
        con.execute(f"CREATE TABLE {table} AS SELECT *, {night}::DATE AS night FROM read_parquet('{files}', filename = true)")
    con.execute(f"""
        CREATE TABLE conv AS
        SELECT c.shop_id AS shop, c.source || '/' || c.conversation_id AS id, c.date, t.problem, t.language,
               len(t.tags) > 0 AS is_real
        FROM read_parquet('{lake}/conversations/**/*.parquet') c
        JOIN read_json('{args.work}/season/truth/conversations.jsonl.zst') t
          ON (t.shop, t.source, t.conversation_id) = (c.shop_id, c.source, c.conversation_id)
        WHERE c.is_contact;
        CREATE TABLE pub AS
        SELECT n.night, v.*, m.issue_id AS raw, i.canonical_id AS issue, f.issue_family_id AS family,
               date_diff('day', v.date, n.night) < 28 AS is_recent
        FROM (SELECT DISTINCT night FROM issue_members) n JOIN conv v ON v.date <= n.night
        LEFT JOIN issue_members m ON (m.night, m.shop_id, m.source || '/' || m.conversation_id) = (n.night, v.shop, v.id)
        LEFT JOIN issues i ON (i.night, i.shop_id, i.issue_id) = (n.night, v.shop, m.issue_id)
        LEFT JOIN issues f ON (f.night, f.shop_id, f.issue_id) = (n.night, v.shop, i.canonical_id);
        CREATE TABLE lineage AS
        SELECT shop_id AS shop, * EXCLUDE shop_id FROM issue_lineage WHERE night = (SELECT max(night) FROM issue_lineage);
        CREATE TABLE shuffled (night DATE, shop VARCHAR, issue VARCHAR, merged VARCHAR)""")
    rng, into, rows = random.Random(args.seed), {}, []
    root = lambda key: root(into[key]) if key in into else key
    for date, shop, ids in con.execute("""SELECT night, shop_id, list(issue_id ORDER BY issue_id) FROM issues
            WHERE issue_id = canonical_id GROUP BY ALL ORDER BY ALL""").fetchall():
        roots = sorted({root((shop, i)) for i in ids})
        if len(roots) > 1:
            kept, gone = rng.sample(roots, 2)
            into[gone] = kept
        rows += [(date, shop, i, root((shop, i))[1]) for i in ids]
    con.executemany("INSERT INTO shuffled VALUES (?, ?, ?, ?)", rows)
    return con


# How each column of the table groups: the issue of a row of `pub`, and the shop it is restricted to.
SYSTEMS = {
    "de": ("issue", "shop = 'de'"),
    "uk": ("issue", "shop = 'uk'"),
    "all": ("issue", "true"),
    "families": ("family", "true"),
    "one giant": ("'all'", "true"),
    "alone": ("id", "true"),
    "shuffled": ("merged", "true"),
}


def b_cubed(con, item_class, where):
    """Precision, recall and F1; what has no issue stands alone."""
    precision, recall = con.execute(f"""
        SELECT sum(n * n / of_issue) / sum(n), sum(n * n / of_class) / sum(n)
        FROM (SELECT n, sum(n) OVER (PARTITION BY c) AS of_class, sum(n) OVER (PARTITION BY i) AS of_issue
              FROM (SELECT shop || {item_class} AS c, shop || coalesce(issue, ' ' || id) AS i, count(*)::DOUBLE AS n
                    FROM sys WHERE {where} GROUP BY ALL))""").fetchone()
    return f"{precision:.2f} {recall:.2f} {2 * precision * recall / (precision + recall):.2f}"


def column(con, issue, where):
    """All figures of one way to group, by name."""
    con.execute(f"""
        CREATE OR REPLACE TABLE sys AS SELECT night, shop, id, date, problem, language, is_real, is_recent, raw, issue
        FROM (SELECT p.* REPLACE ({issue} AS issue) FROM pub p LEFT JOIN shuffled s USING (night, shop, issue))
        WHERE {where};
        CREATE OR REPLACE VIEW last AS SELECT * FROM sys WHERE night = (SELECT max(night) FROM pub);
        CREATE OR REPLACE TABLE counts AS
        SELECT night, shop, issue, problem, n, sum(n) OVER w AS size, recent, sum(recent) OVER w AS recent_size,
               row_number() OVER (w ORDER BY n DESC, problem) = 1 AS is_top,
               row_number() OVER (w ORDER BY recent DESC, problem) = 1 AS is_recent_top
        FROM (SELECT night, shop, issue, problem, count(*) AS n, count_if(is_recent) AS recent
              FROM sys WHERE issue IS NOT NULL GROUP BY ALL)
        WINDOW w AS (PARTITION BY night, shop, issue)""")
    one = lambda sql: con.execute(sql).fetchone()
    is_last = "night = (SELECT max(night) FROM pub)"
    at_last = f"counts WHERE {is_last} AND size >= 5"
    figures = {"conversations with a problem": one("SELECT count_if(is_real) FROM last")[0]}
    for of in ("problem", "problem || language"):
        figures[f"B3 {of}, last night: P R F1"] = b_cubed(con, of, f"is_real AND {is_last}")
        figures[f"B3 {of}, all nights: P R F1"] = b_cubed(con, of, "is_real")
    alone = "CASE WHEN is_real THEN problem ELSE ' ' || id END"
    figures["B3 problem, noise counted, last: P R F1"] = b_cubed(con, alone, is_last)
    shares = one("""SELECT avg((issue IS NULL)::INT) FILTER (is_real), avg((issue IS NULL)::INT),
                           avg((issue IS NOT NULL)::INT) FILTER (NOT is_real) FROM last""")
    for name, share in zip(("without an issue", "without an issue, noise counted", "noise in an issue"), shares):
        figures[name] = f"{100 * share:.1f} %"

    births = con.execute("""
        SELECT date_diff('day', day5, born), is_dense FROM
            (SELECT shop, problem, list_sort(list(date))[5] AS day5, bool_or(fifth - date < 28) AS is_dense
             FROM (SELECT *, lead(date, 4) OVER (PARTITION BY shop, problem ORDER BY date) AS fifth
                   FROM last WHERE is_real)
             GROUP BY ALL HAVING count(*) >= 5)
        LEFT JOIN (SELECT shop, problem, min(night) AS born FROM counts WHERE n >= 5 AND 2 * n > size GROUP BY ALL)
        USING (shop, problem)""").fetchall()
    days = sorted(d for d, _ in births if d is not None)
    figures["planted problems with 5 or more"] = len(births)
    figures["days to birth: median, p90"] = f"{statistics.median(days)} {days[int(0.9 * len(days))]}" if days else "-"
    figures["never born (of these 5 in 28 days)"] = (
        f"{len(births) - len(days)} ({sum(d is None and bool(dense) for d, dense in births)})")

    for name, n, top in (("majority", "n", "is_top"), ("majority of 28 days", "recent", "is_recent_top")):
        # A tie changes nothing: the problem of the night before must have fewer members now than the new one.
        changes, nights = one(f"""
            SELECT count_if(old.problem <> new.problem AND coalesce(still.{n}, 0) < new.{n}), count(*)
            FROM counts new JOIN counts old ON old.night = new.night - 1 AND (old.shop, old.issue) = (new.shop, new.issue)
            LEFT JOIN counts still ON (still.night, still.shop, still.issue, still.problem)
                                    = (new.night, new.shop, new.issue, old.problem)
            WHERE new.{top} AND old.{top} AND new.recent_size >= 5 AND old.recent_size >= 5""")
        figures[f"changes of {name} per 100 issue-nights"] = f"{100 * changes / nights:.2f}" if nights else "-"
    figures["issue-nights"] = nights
    if issue == "issue":
        kinds = con.execute(f"SELECT event, count(*) FROM lineage WHERE {where} GROUP BY 1 ORDER BY 1").fetchall()
        figures["lineage per 100 issue-nights"] = ", ".join(f"{kind} {100 * n / max(nights, 1):.2f}" for kind, n in kinds)
    explained, unexplained = one("""
        SELECT count(l.issue_id), count(*) - count(l.issue_id)
        FROM (SELECT *, lag(issue) OVER (PARTITION BY shop, id ORDER BY night) AS before FROM sys) s
        LEFT JOIN (SELECT shop, date, issue_id FROM lineage WHERE event NOT IN ('born', 'split_from')
                   UNION SELECT shop, date, other_issue_id FROM lineage WHERE event = 'split_from') l
               ON (l.shop, l.date, l.issue_id) = (s.shop, s.night, s.before)
        WHERE s.before IS NOT NULL AND s.issue IS DISTINCT FROM s.before""")
    figures["changes of id: explained, not"] = f"{explained} {unexplained}"

    figures["issues with 5 or more members"] = one(f"SELECT count(*) FROM {at_last} AND is_top")[0]
    figures["issues per problem born: mean, most"] = "{:.1f} {}".format(*one(
        f"SELECT coalesce(avg(k), 0), coalesce(max(k), 0) FROM (SELECT count(*) AS k FROM {at_last} AND is_top "
        "GROUP BY shop, problem)"))
    # Inverse Simpson: an issue of two problems, half each, counts 2.
    figures["problems per issue: mean, most"] = "{:.1f} {:.1f}".format(*one(
        f"SELECT coalesce(avg(k), 0), coalesce(max(k), 0) FROM (SELECT 1 / sum((n / size) ** 2) AS k FROM {at_last} "
        "GROUP BY shop, issue)"))
    figures["share of members in their issue's majority"] = "{:.1f} %".format(100 * one(
        f"SELECT sum(n) FILTER (is_top) / sum(n) FROM counts WHERE {is_last}")[0])
    figures["share of largest issue"] = "{:.1f} %".format(100 * one(
        f"SELECT max(size) / sum(n) FROM counts WHERE {is_last}")[0])
    return figures


def report(args):
    con = load(args)
    columns = {name: column(con, *system) for name, system in SYSTEMS.items()}
    print(f"{'':52}" + "".join(f"{name:>16}" for name in columns))
    for figure in columns["all"]:
        cells = [str(c.get(figure, "-")) for c in columns.values()]
        if figure.startswith("lineage"):
            print(*(f"{figure}, {name}: {cell}" for name, cell in zip(columns, cells) if cell != "-"), sep="\n")
        else:
            print(f"{figure:52}" + "".join(f"{cell:>16}" for cell in cells))
    moved, rewritten = con.execute("""SELECT
        (SELECT count(*) FROM (SELECT *, lag(raw) OVER (PARTITION BY shop, id ORDER BY night) AS b FROM pub)
         WHERE b IS NOT NULL AND raw IS DISTINCT FROM b),
        (SELECT count(*) FROM (SELECT shop_id, date, issue_id, event, other_issue_id, num_members FROM issue_lineage
                               EXCEPT SELECT shop, date, issue_id, event, other_issue_id, num_members FROM lineage))
        """).fetchone()
    print(f"memberships moved, by splits: {moved}; lineage rows rewritten later: {rewritten}")
    seconds = [float(p.read_text()) for p in sorted(args.work.glob("snap/*/seconds"))]
    print(f"{len(seconds)} nights, {sum(seconds):.0f} s: median {statistics.median(seconds):.1f}, last {seconds[-1]:.1f}")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--work", type=Path, required=True, help="folder for season, lake and what each night left")
    parser.add_argument("--refrain", default=str(Path(__file__).parent / "refrain"), help="binary")
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--conversations", type=int, default=12_000)
    parser.add_argument("--nights", type=int, default=60)
    parser.add_argument("--model", choices=("none", "starter", "labels"), default="labels")
    args = parser.parse_args()
    run_nights(args)
    report(args)
