"""The SQL engine under `prepare`: MIMIC's files where they lie as views, a memory limit, and errors in one sentence."""

from __future__ import annotations

import csv
import gzip
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import duckdb

from ecgkt.errors import DiskFull, InvalidCohort
from ecgkt.mimic import Sources, Table, table

MEMORY = "2GB"
_FULL = ("No space left", "File too large", "Disk quota exceeded")
_SQL_TYPES = {
    "int64": "BIGINT",
    "Int64": "BIGINT",
    "float64": "DOUBLE",
    "string": "VARCHAR",
    "datetime64[s]": "TIMESTAMP",
}


@contextmanager
def engine(spill: Path, memory: str = MEMORY, threads: int = 2) -> Iterator[duckdb.DuckDBPyConnection]:
    """Open an engine that keeps to `memory` (such as "2GB") and puts what does not fit into `spill`.

    Nothing is fetched from any network: extensions are neither installed nor loaded.
    """
    settings: dict[str, str | bool | int | float | list[str]] = {
        "memory_limit": memory,
        "threads": str(max(threads, 1)),
        "temp_directory": str(spill),
        "autoinstall_known_extensions": "false",
        "autoload_known_extensions": "false",
    }
    try:
        connection = duckdb.connect(":memory:", config=settings)
    except duckdb.Error as error:
        raise InvalidCohort("a memory limit such as 2GB", f"{memory}", "write a number and KB, MB or GB") from error
    try:
        yield connection
    finally:
        connection.close()


def open_table(connection: duckdb.DuckDBPyConnection, sources: Sources, name: str) -> None:
    """Make the view `name` of a table's file; an absent one becomes an empty view with the table's columns.

    Raises InvalidCohort where a column is missing. Columns may stand in any order, and more may stand beside them.
    """
    schema = table(name)
    types = {column: _SQL_TYPES[dtype] for column, dtype in schema.columns.items()}
    if not sources.has(name):
        empty = ", ".join(f'CAST(NULL AS {kind}) AS "{column}"' for column, kind in types.items())
        connection.execute(f"CREATE OR REPLACE VIEW {name} AS SELECT {empty} WHERE false")
        return
    path = sources.path(name)
    require_columns(path, schema)
    wanted = ", ".join(f"'{column}': '{kind}'" for column, kind in types.items())
    columns = ", ".join(f'"{column}"' for column in types)
    with reading(schema.path.removesuffix(".csv")):
        connection.execute(
            f"CREATE OR REPLACE VIEW {name} AS SELECT {columns} FROM read_csv({quoted(path)}, header = true, "
            f"delim = ',', quote = '\"', escape = '\"', types = {{{wanted}}}, nullstr = '')"
        )


def require_columns(path: Path, schema: Table) -> None:
    """Raise InvalidCohort where a table's file lacks one of its columns, or cannot be read at its start."""
    header = read_header(path)
    missing = [column for column in schema.columns if column not in header]
    if missing:
        raise InvalidCohort(
            f"the published columns in {path.name}", f"no {', '.join(missing)}", "download the version in docs/data.md"
        )


def read_header(path: Path) -> list[str]:
    """Return the column names of a CSV, plain or gzipped."""
    opened = gzip.open if path.suffix == ".gz" else open
    try:
        with opened(path, "rt", encoding="utf-8", newline="") as file:
            return next(csv.reader(file), [])
    except (OSError, EOFError, UnicodeDecodeError, csv.Error) as error:
        raise InvalidCohort(f"a readable {path.name}", f"{error}", "download it again") from error


@contextmanager
def reading(what: str) -> Iterator[None]:
    """Turn an engine's error while reading or writing `what` into one sentence."""
    try:
        yield
    except duckdb.OutOfMemoryException as error:
        raise InvalidCohort(
            f"memory and disk for {what}", _told(error), "raise --memory, or free disk below the output folder"
        ) from error
    except duckdb.Error as error:
        if any(words in str(error) for words in _FULL):
            raise DiskFull(
                f"room to write {what}",
                "none",
                "make room and give the same command again: what was made is kept and it goes on from there",
            ) from error
        raise InvalidCohort(f"to go through {what}", _told(error), "download that file again") from error


def write_parquet(connection: duckdb.DuckDBPyConnection, query: str, path: Path, what: str) -> None:
    """Write a query's rows to a file, whole or not at all; `what` names them where something goes wrong."""
    part = path.with_suffix(".part")
    with reading(what):
        connection.execute(f"COPY ({query}) TO {quoted(part)} (FORMAT parquet)")
    part.replace(path)


def quoted(value: object) -> str:
    """Return a value as an SQL string."""
    return "'" + str(value).replace("'", "''") + "'"


def _told(error: Exception) -> str:
    """Return an engine's error without the line of data that it quotes, which is a patient's."""
    lines = str(error).strip().splitlines() or [type(error).__name__]
    wrong = [line.split(". Could not")[-1] for line in lines[1:] if line.startswith("Error when converting")]
    return "; ".join([lines[0], *(f"could not{line}" for line in wrong[:1])])
