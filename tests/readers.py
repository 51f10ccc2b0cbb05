"""DuckDB, Polars and pandas read every table of a lake, see the same rows, and views.sql works."""

import argparse
import json
import pathlib
import subprocess
import sys
import tempfile

import duckdb
import pandas
import polars


def check_lake(lake):
    """Reads every table three ways; stops the run where the readers disagree."""
    lake = pathlib.Path(lake)
    tables = sorted(p.name for p in (lake / "current").iterdir() if p.is_dir())
    if not tables:
        sys.exit(f"{lake}: no tables")
    con = duckdb.connect()
    con.execute(f"SET file_search_path='{lake}'")
    con.execute((lake / "views.sql").read_text())
    for table in tables:
        files = sorted(str(f) for f in (lake / "current" / table).rglob("*.parquet"))
        by_duckdb = con.execute(f"SELECT count(*) FROM {table}").fetchall()[0][0]
        con.execute(f"SELECT * FROM {table} LIMIT 5").fetchall()
        by_polars = polars.scan_parquet(lake / "current" / table, hive_partitioning=False).collect()
        by_pandas = sum(len(pandas.read_parquet(file)) for file in files)
        counts = {by_duckdb, len(by_polars), by_pandas}
        if len(counts) != 1:
            sys.exit(f"{table}: DuckDB {by_duckdb}, Polars {len(by_polars)}, pandas {by_pandas} rows")
        check_order(con, table, files)
    con.execute("SELECT count(*) FROM conversations_full").fetchall()
    return tables


def check_order(con, table, files):
    """Files say in their metadata which table they hold, and hold one digest."""
    for file in files:
        keys = {k.decode(): v for k, v in con.execute(
            "SELECT key, value FROM parquet_kv_metadata(?)", [file]).fetchall()}
        if keys.get("refrain.table", b"").decode() != table:
            sys.exit(f"{file}: metadata names table {keys.get('refrain.table')}")


def check_effects(lake):
    """Every estimate that is given has the planted sign, at every rung and window; at least ten effects are given."""
    con = duckdb.connect()
    con.execute(f"SET file_search_path='{lake}'")
    con.execute((lake / "views.sql").read_text())
    given = {}
    for shop, outcome, kind, exposure, campaign_type, level, days, rr in con.execute(
        "SELECT e.shop_id, outcome, exposure_kind, exposure, campaign_type, evidence_level, window_days, relative_risk "
        "FROM effect_estimates e LEFT JOIN campaigns c ON e.exposure_kind = 'campaign' AND e.shop_id = c.shop_id "
        "AND e.exposure = c.source || '/' || c.campaign_id WHERE status = 'ok'").fetchall():
        # What is planted for a type holds for each of its campaigns against their hold-outs.
        key = (shop, outcome, "campaign_type" if kind == "campaign" else kind, campaign_type or exposure)
        given.setdefault(key, []).append((exposure, level, days, rr))
    right, wrong, num_estimates, refused = set(), [], 0, []
    for effect in json.loads((lake.parent / "truth" / "effects.json").read_text()):
        if effect["sign"] == 0:
            continue
        key = (effect["shop"], effect["outcome"], effect["exposure_kind"], effect["exposure"])
        estimates = given.get(key, [])
        num_estimates += len(estimates)
        bad = [e for e in estimates if (e[-1] - 1) * effect["sign"] <= 0]
        wrong += [(*key, *e) for e in bad]
        if not estimates:
            refused.append("/".join(key))
        elif not bad:
            right.add(key)
    print(f"planted effects given: {len(right)} in {num_estimates} estimates, {len(wrong)} with another sign; "
          f"refused: {', '.join(refused) or 'none'}")
    if wrong or len(right) < 10:
        sys.exit(f"effects with another sign than planted: {wrong}")


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--refrain", required=True)
    refrain = str(pathlib.Path(parser.parse_args().refrain).resolve())
    with tempfile.TemporaryDirectory() as folder:
        done = subprocess.run(
            [refrain, "demo", "--out", f"{folder}/demo", "--conversations", "20000", "--nights", "2"],
            capture_output=True, text=True)
        if done.returncode != 0:
            sys.exit(f"demo: exit code {done.returncode}\n{done.stderr}")
        lake = pathlib.Path(folder) / "demo" / "lake"
        tables = check_lake(lake)
        run_printed_queries(done.stdout, lake)
        check_effects(lake)
        schema = json.loads(subprocess.run([refrain, "schema", "--format", "json"], capture_output=True, text=True).stdout)
        con = duckdb.connect()
        con.execute(f"SET file_search_path='{lake}'")
        con.execute((lake / "views.sql").read_text())
        empty = []
        for table in schema["tables"]:
            if "Not written yet" in table["description"]:
                continue
            columns = [row[0] for row in con.execute(f"DESCRIBE {table['name']}").fetchall()]
            if columns != [c["name"] for c in table["columns"]]:
                sys.exit(f"{table['name']}: columns {columns} are not those of `refrain schema`")
            if con.execute(f"SELECT count(*) FROM {table['name']}").fetchall()[0][0] == 0:
                empty.append(table["name"])
        if empty:
            sys.exit(f"empty on the demo season: {', '.join(empty)}")
    print(f"readers agree on {len(tables)} tables")


def run_printed_queries(text, lake):
    """The queries that the demo prints must run as they are and find something."""
    start = text.index("three queries to try next")
    statements = [s for s in text[start:].split(";\n") if "SELECT" in s]
    if len(statements) != 3:
        sys.exit(f"the demo prints {len(statements)} queries, expected 3")
    con = duckdb.connect()
    con.execute(f"SET file_search_path='{lake}'")
    con.execute((lake / "views.sql").read_text())
    for statement in statements:
        sql = statement[statement.index("SELECT"):]
        if not con.execute(sql).fetchall():
            sys.exit(f"a query of the demo finds nothing:\n{sql}")


if __name__ == "__main__":
    main()
