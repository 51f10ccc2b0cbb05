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
    """At least ten planted effects are given, and no interval lies on the wrong side of no effect.

    A point on the wrong side whose interval covers no effect claims nothing; such points are counted and printed.
    """
    con = duckdb.connect()
    con.execute(f"SET file_search_path='{lake}'")
    con.execute((lake / "views.sql").read_text())
    given = {}
    for shop, outcome, kind, exposure, level, rr, lo, hi in con.execute(
        "SELECT shop_id, outcome, exposure_kind, exposure, evidence_level, relative_risk, relative_risk_lo, "
        "relative_risk_hi FROM effect_estimates WHERE status = 'ok'").fetchall():
        given.setdefault((shop, outcome, kind, exposure), []).append((level, rr, lo, hi))
    right, open_, wrong = set(), set(), []
    for effect in json.loads((lake.parent / "truth" / "effects.json").read_text()):
        if effect["sign"] == 0:
            continue
        key = (effect["shop"], effect["outcome"], effect["exposure_kind"], effect["exposure"])
        for level, rr, lo, hi in given.get(key, []):
            if (rr - 1) * effect["sign"] > 0:
                right.add(key)
            elif lo <= 1 <= hi:
                open_.add(key)
            else:
                wrong.append((*key, level, rr, lo, hi, effect["sign"]))
    print(f"planted effects given: {len(right)} with the planted sign, {len(open_)} undecided on the other side, "
          f"{len(wrong)} wrong")
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
