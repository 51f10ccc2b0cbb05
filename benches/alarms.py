"""Measures alarms on whole runs over simulated seasons: how many are false, how soon planted incidents are seen, and
what the plain rule "+50 % week over week" does at the same number of false alarms.

Seasons carry their true tags (`refrain season --settings` with `events_only`), so alarms are judged and not the tagger.
One night judges every day of a season. Parts:

    stationary  two shops without incidents, campaign effects or peak: every alarm is false
    campaigns   the same, but campaigns bring contacts: alarms that a campaign caused
    incidents   incidents of four kinds and several sizes: share seen, days from the first planted contact
    peak        October to January with Black Friday and Christmas, no incident: alarms that the peak alone caused
    version     the taxonomy changes midway: the series must equal that of a lake that always had the new one
    issues      night by night with words: alarms of `issue_daily` as published on each night

    python benches/alarms.py --work DIR [--seeds 4] [--conversations 40000] [--parts stationary,incidents,...]

Seasons already run in --work are only measured; `--again` runs the insight stage on them anew.
"""

import argparse
import datetime
import json
import shutil
import statistics
import subprocess
from pathlib import Path

import duckdb

START = datetime.date(2026, 2, 1)
# Series need a month; a season's own contacts take another to level out, since no order lies before it.
WARM_UP_DAYS = 60
TAIL_DAYS = 7
NO_EFFECTS = {"cart_abandoned": {}, "returned": {}, "campaign_contacts": {}, "purchase_after_bad_contact": 1.0}
ALARMS = "('count', 'rate', 'count_and_rate', 'novelty')"
SIZES = (1, 2, 4, 8)


def incidents(seed):
    """Eight incidents a shop: four kinds twice, sizes turning with seed, kind and time."""
    found = []
    for s, shop in enumerate(("de", "uk")):
        for again, offset in enumerate((66, 113)):
            kinds = (
                ("charged", 6, lambda x: {"charged_twice": {"share": 0.004 * x}}),
                ("leaking", 8, lambda x: {"leaking_product": {"sku": "KI-2403", "share": 0.12 * x}}),
                ("code", 8, lambda x: {"fading_code": {"share": 0.004 * x}}),
                ("strike", max(1, SIZES[(seed + s + again + 3) % 4] // 2),
                 lambda x: {"carrier_strike": {"carrier": "Kurio" if x > 2 else "ParcelJet"}}),
            )
            for k, (name, days, kind) in enumerate(kinds):
                size = SIZES[(seed + s + again + k) % 4]
                first = START + datetime.timedelta(days=offset + 2 * k)
                found.append({"id": f"{name}-{shop}-{again}", "shop": shop, "kind": kind(size),
                              "from": str(first), "to": str(first + datetime.timedelta(days=days - 1))})
    return found


def settings(part, seed, args):
    """Season settings of a part."""
    about = {"conversations": args.conversations, "seed": seed, "events_only": True, "start": str(START), "months": 5,
             "effects": dict(NO_EFFECTS), "incidents": []}
    if part == "incidents":
        about["incidents"] = incidents(seed)
    if part == "campaigns":
        del about["effects"]["campaign_contacts"]
    if part == "peak":
        about |= {"start": "2025-09-01"}
    if part == "issues":
        about |= {"events_only": False, "months": 4}
    return about


def toml(value):
    """Inline TOML of plain values."""
    if isinstance(value, dict):
        return "{ " + ", ".join(f"{json.dumps(k)} = {toml(v)}" for k, v in value.items()) + " }"
    if isinstance(value, list):
        return "[" + ", ".join(map(toml, value)) + "]"
    return json.dumps(value)


def refrain(args, *command):
    subprocess.run([args.refrain, *map(str, command)], check=True, stdout=subprocess.DEVNULL)


def season(args, part, seed):
    """Folder of a season, written if it is not there."""
    folder = args.work / f"{part}-{args.conversations}-{seed}"
    if not (folder / "refrain.toml").exists():
        folder.mkdir(parents=True, exist_ok=True)
        text = "".join(f"{key} = {toml(value)}\n" for key, value in settings(part, seed, args).items())
        (folder / "settings.toml").write_text(text)
        refrain(args, "season", "--out", folder, "--settings", folder / "settings.toml", "--seed", seed,
                "--conversations", args.conversations, "-q")
    return folder


def last_day(part):
    return {"issues": datetime.date(2026, 5, 31), "peak": datetime.date(2026, 1, 31)}.get(part, datetime.date(2026, 6, 30))


def run(args, part, seed):
    """Season and one night at its end; `--again` leaves the tables before insight as they are."""
    folder = season(args, part, seed)
    night = ("--config", folder / "refrain.toml", "--date", last_day(part), "-q")
    if not (folder / "lake/current").exists():
        refrain(args, "run", *night)
    elif args.again:
        refrain(args, "insight", *night)
    return folder


def load(args, part, tables=("tag_daily",)):
    """Connection with the part's tables, each with a column `seed`, and `first`, the first day that is measured."""
    con = duckdb.connect()
    folders = [(seed, run(args, part, seed)) for seed in range(1, args.seeds + 1)]
    for table in tables:
        rows = " UNION ALL BY NAME ".join(
            f"SELECT *, {seed} AS seed FROM read_parquet('{folder}/lake/current/{table}/**/*.parquet', hive_partitioning=false)"
            for seed, folder in folders)
        con.execute(f"CREATE TABLE {table} AS {rows}")
    con.execute("CREATE TABLE series AS SELECT seed, shop_id, facet || ' ' || tag AS series, tag, date, "
                "num_conversations AS n, alarm FROM tag_daily")
    first = START + datetime.timedelta(days=WARM_UP_DAYS) if part != "peak" else datetime.date(2025, 11, 1)
    con.execute(f"CREATE TABLE measured AS SELECT DATE '{first}' AS first, DATE '{last_day(part)}' AS last")
    return con, folders


def shop_months(con):
    return con.execute("""SELECT count(*) / 30.0 FROM (SELECT DISTINCT seed, shop_id, date FROM series, measured
                          WHERE date BETWEEN first AND last)""").fetchone()[0]


def weekly(con):
    """Table `weekly`: each day of each series with the counts of its last seven days and of the seven before."""
    con.execute("""
        CREATE OR REPLACE TABLE weekly AS
        WITH days AS (SELECT seed, shop_id, series, tag, unnest(generate_series(
                             (SELECT min(date) FROM series), (SELECT last FROM measured), INTERVAL 1 day))::DATE AS date
                      FROM (SELECT DISTINCT seed, shop_id, series, tag FROM series))
        SELECT *, sum(n) OVER (w ROWS BETWEEN 6 PRECEDING AND CURRENT ROW) AS now,
               sum(n) OVER (w ROWS BETWEEN 13 PRECEDING AND 7 PRECEDING) AS before
        FROM (SELECT d.*, coalesce(s.n, 0) AS n FROM days d LEFT JOIN series s USING (seed, shop_id, series, tag, date))
        WINDOW w AS (PARTITION BY seed, shop_id, series ORDER BY date)""")


def episodes(con, where, table="series", id_column="series"):
    """Alarms of a series count once until it has been silent for six days."""
    return con.execute(f"""
        SELECT count(*) FROM (SELECT date, lag(date) OVER (PARTITION BY seed, shop_id, {id_column} ORDER BY date) AS held
                              FROM {table}, measured WHERE ({where}) AND date BETWEEN first AND last)
        WHERE held IS NULL OR date - held > 6""").fetchone()[0]


def by_kind(con, table="series"):
    rows = con.execute(f"""SELECT alarm, count(*) FROM {table}, measured WHERE alarm IN {ALARMS}
                           AND date BETWEEN first AND last GROUP BY 1 ORDER BY 1""").fetchall()
    return ", ".join(f"{kind} {n}" for kind, n in rows) or "none"


def tell(con, name):
    months = shop_months(con)
    rows = con.execute(f"""SELECT count(*), count(DISTINCT (seed, shop_id, date)) FROM series, measured
                           WHERE alarm IN {ALARMS} AND date BETWEEN first AND last""").fetchone()
    found = episodes(con, f"alarm IN {ALARMS}")
    print(f"{name}: {months:.1f} shop-months, alarm rows {rows[0] / months:.2f} a shop and month, "
          f"episodes {found / months:.2f}, days with one {rows[1] / months:.2f}; rows by kind: {by_kind(con)}")
    top = con.execute(f"""SELECT series, count(*) AS n FROM series, measured WHERE alarm IN {ALARMS}
                          AND date BETWEEN first AND last GROUP BY 1 ORDER BY 2 DESC, 1 LIMIT 8""").fetchall()
    print("   most:", ", ".join(f"{s} {n}" for s, n in top) or "-")
    return found


def week_rules(con, budget):
    """Rules "now >= factor * before and now >= least" with at most `budget` false alarms: the one in use, then with
    its least count moved, then with its factor moved."""
    false = lambda factor, least: episodes(
        con, f"now >= {factor} * before AND now >= {least} AND before IS NOT NULL", "weekly")
    plain = (1.5, 10)
    print(f"   +50 % week over week, 10 or more a week: {false(*plain) / shop_months(con):.2f} episodes a shop and month")
    rules = {"+50 %, least 10": plain}
    for least in (*range(10, 100, 5), *range(100, 1000, 25)):
        if false(1.5, least) <= budget:
            rules[f"+50 %, least {least}"] = (1.5, least)
            break
    for percent in range(50, 2_000, 25):
        if false(1 + percent / 100, 10) <= budget:
            rules[f"+{percent} %, least 10"] = (1 + percent / 100, 10)
            break
    return rules


def detections(con, folders, rules):
    """Days from the first planted contact to the first alarm of the tag, by size, for us and for each rule."""
    for seed, folder in folders:
        verb = "INSERT INTO planted" if seed > folders[0][0] else "CREATE TABLE planted AS"
        con.execute(f"""{verb} SELECT {seed} AS seed, shop AS shop_id, incident, tags[1] AS tag, CAST("at" AS TIMESTAMP)::DATE AS date
                        FROM read_json('{folder}/truth/conversations.jsonl.zst') WHERE incident IS NOT NULL""")
    weekly(con)
    con.execute(f"""
        CREATE TABLE incident AS
        SELECT p.*, coalesce(avg(w.n), 0) AS base FROM
            (SELECT seed, shop_id, incident, tag, min(date) AS from_day, max(date) AS to_day, count(*) AS num,
                    max(n) AS top FROM (SELECT *, count(*) OVER (PARTITION BY seed, incident, date) AS n FROM planted)
             GROUP BY ALL HAVING count(*) >= 5) p
        LEFT JOIN weekly w ON (w.seed, w.shop_id, w.tag) = (p.seed, p.shop_id, p.tag)
                          AND w.date BETWEEN from_day - 29 AND from_day - 1
        GROUP BY ALL""")
    ways = {"refrain": f"s.alarm IN {ALARMS}"} | {
        name: f"w.now >= {factor} * w.before AND w.now >= {least}" for name, (factor, least) in rules.items()}
    bands = ((0, 3), (3, 6), (6, 12), (12, 25), (25, 1e9))
    print(f"{'contacts on the worst day':32}" + "".join(f"{f'{lo}-{hi:.0f}' if hi < 1e9 else f'{lo}+':>18}" for lo, hi in bands))
    counts = [con.execute(f"SELECT count(*), avg(base) FROM incident WHERE top >= {lo} AND top < {hi}").fetchone() for lo, hi in bands]
    print(f"{'incidents (usual contacts a day)':32}" + "".join(f"{f'{n} ({base or 0:.1f})':>18}" for n, base in counts))
    for name, alarm in ways.items():
        rows = con.execute(f"""
            SELECT i.top, min(w.date) FILTER ({alarm}) - i.from_day FROM incident i
            JOIN weekly w ON (w.seed, w.shop_id, w.tag) = (i.seed, i.shop_id, i.tag)
                         AND w.date BETWEEN from_day AND to_day + 2
            LEFT JOIN series s ON (s.seed, s.shop_id, s.series, s.date) = (w.seed, w.shop_id, w.series, w.date)
            GROUP BY i.seed, i.shop_id, i.incident, i.top, i.from_day""").fetchall()
        cells = []
        for lo, hi in bands:
            days = [d for top, d in rows if lo <= top < hi]
            seen = sorted(d for d in days if d is not None)
            cells.append(f"{len(seen) / len(days):.0%} {statistics.median(seen):.0f} d" if seen else "0%" if days else "-")
        print(f"{name:32}" + "".join(f"{c:>18}" for c in cells))


def hourly(con, folders, part):
    """Hours with an alarm, where the table is there."""
    files = [(seed, folder) for seed, folder in folders if any(folder.glob("lake/current/tag_spikes/**/*.parquet"))]
    if not files:
        return
    rows = " UNION ALL ".join(
        f"SELECT {seed} AS seed, shop_id, tag, date, hour_at FROM read_parquet('{folder}/lake/current/tag_spikes/**/*.parquet', hive_partitioning=false)"
        for seed, folder in files)
    con.execute(f"CREATE TABLE hours AS {rows}")
    n = con.execute("""SELECT count(*), count(DISTINCT (seed, shop_id, date)) FROM hours, measured
                       WHERE date BETWEEN first AND last""").fetchone()
    months = shop_months(con)
    print(f"   tag_spikes, {part}: {n[0] / months:.2f} rows a shop and month on {n[1] / months:.2f} days")
    if part == "incidents":
        seen = con.execute("""
            SELECT count(*), count(h), median(h) FROM (
                SELECT date_diff('hour', from_day::TIMESTAMP, min(hour_at)::TIMESTAMP) AS h
                FROM incident i LEFT JOIN hours h ON (h.seed, h.shop_id, h.tag) = (i.seed, i.shop_id, i.tag)
                                     AND h.date BETWEEN i.from_day AND i.to_day + 2
                WHERE top >= 12 GROUP BY i.seed, i.shop_id, i.incident, i.from_day)""").fetchone()
        print(f"   incidents of 12 or more on their worst day: {seen[1]} of {seen[0]} seen by the hour, "
              f"median {seen[2]} h from midnight of their first day")


def version(args):
    """A night with the old taxonomy, then one with a new; against a lake that only knew the new."""
    old, new = season(args, "version", 1), args.work / f"version-new-{args.conversations}"
    if not new.exists():
        shutil.copytree(old, new, ignore=shutil.ignore_patterns("lake"))
    middle = START + datetime.timedelta(days=100)
    refrain(args, "run", "--config", old / "refrain.toml", "--date", middle, "-q")
    for folder in (old, new):
        for file, block in ((folder / "taxonomy.toml", "[[tag]]"), (folder / "rules/shipping.toml", "[[rule]]")):
            parts = [p for p in file.read_text().split(block) if '"shipping/tracking_broken"' not in p]
            file.write_text(block.join(parts).replace('version = "2026.1"', 'version = "2026.2"'))
        refrain(args, "run", "--config", folder / "refrain.toml", "--date", last_day("version"), "-q")
    table = lambda folder: f"read_parquet('{folder}/lake/current/tag_daily/**/*.parquet', hive_partitioning=false)"
    con = duckdb.connect()
    total, versions = con.execute(f"SELECT count(*), count(DISTINCT tagger_version) FROM {table(old)}").fetchone()
    differing = con.execute(f"SELECT count(*) FROM (SELECT * FROM {table(old)} EXCEPT ALL SELECT * FROM {table(new)})").fetchone()[0]
    print(f"version: {total} rows of tag_daily, {versions} version, {differing} unlike those of a lake that always had the new one")


def issues(args):
    """Alarms of issues on the night they are published; births included."""
    folder = season(args, "issues", 1)
    config = folder / "refrain.toml"
    if not (folder / "models").exists():
        (folder / "models").mkdir()
        refrain(args, "train", "--labels", folder / "truth/labels.jsonl", "--model", folder / "models/tags.refrain", "-q")
        config.write_text(config.read_text().replace("[tags]\n", '[tags]\nmodel = "models/tags.refrain"\n'))
    first, snaps = last_day("issues") - datetime.timedelta(days=args.nights - 1), folder / "snap"
    for n in range(args.nights):
        night = first + datetime.timedelta(days=n)
        if (snaps / f"{night}").exists():
            continue
        refrain(args, "run", "--config", config, "--date", night, "-q")
        shutil.copytree(folder / "lake/current/issue_daily", snaps / f"{night}")
    con = duckdb.connect()
    con.execute(f"""CREATE TABLE series AS SELECT 1 AS seed, shop_id, issue_id AS series, date, num_conversations AS n, alarm,
                           regexp_extract(filename, 'snap/([0-9-]{{10}})/', 1)::DATE AS night
                    FROM read_parquet('{snaps}/*/**/*.parquet', filename = true, hive_partitioning = false)""")
    months = args.nights * 2 / 30
    fresh, late = con.execute(f"""
        SELECT count(*) FILTER (date = night), count(*) FILTER (date < night) FROM
            (SELECT shop_id, series, date, min(night) AS night FROM series WHERE alarm IN {ALARMS}
             GROUP BY ALL HAVING min(night) > DATE '{first}')""").fetchone()
    print(f"issues: {args.nights} nights, {months:.1f} shop-months; alarms of the night itself {fresh / months:.2f} a shop and "
          f"month, alarms that appeared later for an earlier day {late / months:.2f}")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--work", type=Path, required=True, help="folder for seasons and lakes")
    parser.add_argument("--refrain", default="refrain", help="binary")
    parser.add_argument("--seeds", type=int, default=4)
    parser.add_argument("--conversations", type=int, default=40_000)
    parser.add_argument("--nights", type=int, default=40, help="nights of the part `issues`")
    parser.add_argument("--parts", default="stationary,incidents,campaigns,peak,version,issues")
    parser.add_argument("--again", action="store_true", help="run the insight stage anew on seasons already there")
    args = parser.parse_args()
    parts, rules = args.parts.split(","), {"+50 %, least 10": (1.5, 10)}
    for part in parts:
        if part in ("version", "issues"):
            {"version": version, "issues": issues}[part](args)
            continue
        con, folders = load(args, part)
        found = tell(con, part)
        if part == "stationary":
            weekly(con)
            rules = week_rules(con, found)
        if part == "incidents":
            detections(con, folders, rules)
        hourly(con, folders, part)


if __name__ == "__main__":
    main()
