"""Facts about calls, SQL, datetimes and comparisons: names followed, options spread out, positions exact."""

from __future__ import annotations

from pathlib import Path
from typing import TypeVar

from jobsafety_lint.meaning.comparisons import Comparison
from jobsafety_lint.meaning.data.api_calls import ApiCall
from jobsafety_lint.meaning.data.datasets import EpochDivision
from jobsafety_lint.meaning.data.sql import SqlStatement, same_table, statements
from jobsafety_lint.meaning.reading import read_facts
from jobsafety_lint.source import Source, SourceFile

Kind = TypeVar("Kind")


def facts(text: str, kind: type[Kind], language: str = "python") -> list[Kind]:
    source = SourceFile("x", text, location_on_disk=Path("x"))
    found = read_facts(source, language, "bash", pueue_version=4).facts
    return [fact for fact in found if isinstance(fact, kind)]


HEAD = (
    "from temporalio import workflow as wf\nfrom functools import partial\nfrom datetime import timedelta\n"
)


def test_options_are_spread_out() -> None:
    text = HEAD + (
        'BASE = {"heartbeat_timeout": 1}\n'
        "def run(x, more):\n"
        '    options = dict(BASE, retry_policy=None) | {"start_to_close_timeout": 3}\n'
        '    options["summary"] = x\n'
        '    wf.execute_activity("a", x, **options)\n'
        '    wf.execute_activity("a", x, **more)\n'
    )
    known, unknown = facts(text, ApiCall)
    assert known.complete
    names = {argument.name for argument in known.arguments if argument.name}
    assert names == {"heartbeat_timeout", "retry_policy", "start_to_close_timeout", "summary"}
    assert not unknown.complete
    assert not unknown.lacks("start_to_close_timeout")


def test_aliases_and_partial() -> None:
    text = HEAD + (
        "def run(x):\n"
        "    act = partial(wf.execute_activity, start_to_close_timeout=timedelta(1))\n"
        '    act("a", x)\n'
        "    again = wf.start_local_activity\n"
        '    again("b", x)\n'
    )
    assert [call.name for call in facts(text, ApiCall)] == [
        "temporalio.workflow.execute_activity",
        "temporalio.workflow.start_local_activity",
    ]


def test_names_are_followed() -> None:
    text = (
        "from temporalio.client import Client\n"
        "def key(s): return f'job-{s}'\n"
        "async def start(client: Client, symbol: str, day: str):\n"
        "    short = day[:7]\n"
        "    await client.start_workflow('W', symbol, id=key(symbol) + '-' + short, task_queue='q')\n"
    )
    (call,) = facts(text, ApiCall)
    given = call.argument("id")
    assert given is not None
    assert given.names == {"symbol", "day"}
    assert given.pattern.template == "job-{symbol}-{day[:7]}"


def test_branches_that_leave_do_not_reach() -> None:
    text = HEAD + (
        "def run(x):\n"
        "    timeout = None\n"
        "    if x:\n"
        "        timeout = 3\n"
        "        return\n"
        '    wf.execute_activity("a", x, start_to_close_timeout=timeout)\n'
    )
    (call,) = facts(text, ApiCall)
    assert call.lacks("start_to_close_timeout")


def test_a_file_of_other_things_has_no_such_facts() -> None:
    assert facts("def start_workflows(x):\n    return x.start(id=3)\n", ApiCall) == []


def test_sql_tables_and_care() -> None:
    text = """
    CREATE TABLE IF NOT EXISTS db.`t` ON CLUSTER c (a Int, b Int) ENGINE = ReplacingMergeTree(b) ORDER BY (a, toDate(b));
    SELECT x.a, sum(b) AS s FROM db.t AS x FINAL JOIN other o ON o.a = x.a GROUP BY 1;
    SELECT * FROM (SELECT a, argMax(b, b) FROM t GROUP BY a) -- FROM nowhere
    """
    create, first, joined, inner = (said.use for said in statements(Source("x", text)))
    assert (create.kind, create.table, create.engine) == ("create", "db.t", "ReplacingMergeTree")
    assert create.key == ("a", "toDate(b)")
    assert (first.table, first.final, first.group_by) == ("db.t", True, ("x.a",))
    assert (joined.table, joined.final) == ("other", False)
    assert (inner.table, inner.dedups) == ("t", "argMax")
    assert same_table(first.table, "t")
    assert not same_table(first.table, "elsewhere.t")


def test_sql_in_an_f_string_has_exact_positions() -> None:
    text = (
        "# clickhouse\n"
        'T = "quotes"\n'
        "def read(client, day):\n"
        '    return client.query(f"SELECT \\"a\\" FROM {T} "\n'
        '                        f"WHERE d = {day!r}")\n'
    )
    (select,) = facts(text, SqlStatement)
    assert select.use.table == "quotes"
    assert (select.place.location.line, select.place.location.column) == (4, 27)
    assert select.place.location.end_column == 27 + len('SELECT \\"a\\" FROM {T}')


def test_sql_of_shell_commands() -> None:
    text = (
        "clickhouse-client -q 'SELECT 1 FROM a'\n"
        "curl 'http://h:8123/?query=SELECT%20b%20FROM%20b&final=1'\n"
        "clickhouse-client <<EOF\nSELECT c FROM c;\nEOF\n"
        "echo 'SELECT d FROM d' | docker exec -i ch clickhouse-client\n"
        "echo 'SELECT e FROM e' | psql\n"
    )
    found = facts(text, SqlStatement, "shell")
    assert [(s.use.table, s.use.final) for s in found] == [
        ("a", False),
        ("b", True),
        ("c", False),
        ("d", False),
    ]
    assert [s.place.location.line for s in found] == [1, 2, 4, 6]


def test_comparisons_of_the_shell() -> None:
    text = 'N=300\n[ "$x" -ne 3 ]\n[[ $x < $N ]]\n(( x >= 2 * 3 ))\ntest "$a" = b -o c\n'
    found = facts(text, Comparison, "shell")
    assert [(c.operator, next(c.sides)[2]) for c in found] == [("<", 300), (">=", 6), ("!=", 3)]


def test_columns_that_are_datetimes() -> None:
    text = (
        "import pandas as pd\n"
        "def f(df, s):\n"
        "    df['at'] = pd.to_datetime(s)\n"
        "    a = df['at'].astype('int64') // 10**6\n"
        "    b = df['n'].astype('int64') // 10**6\n"
        "    c = df['at'].dt.as_unit('ns').astype('int64') // 10**6\n"
        "    return a, b, c\n"
    )
    (found,) = facts(text, EpochDivision)
    assert (found.shape, found.divisor, found.whole) == ("series", 10**6, True)
    assert found.receiver.text == "df['at']"
