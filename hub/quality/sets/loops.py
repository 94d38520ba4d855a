"""Loops: a part that contains itself over any number of levels.

Belongs here: kind `no_loop`. Not here: costs over the levels (`roll_up.py`).

Lines that begin at a part no line contains, or end at a part without lines, cannot be part of a loop; taking them
away again and again, in the store, leaves next to nothing of a sound bill of material. What is left is small enough
to be looked through here.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import psycopg
from psycopg.rows import tuple_row

from hub.quality.literals import identifier
from hub.quality.sets.surroundings import Surroundings, own_column, own_text
from schemas.model import Rule

Node = tuple[str, str]  # place, code

_TRIM = """
with gone as (
  delete from loop_edge as e
  where not exists (select from loop_edge as d where d.place = e.place and d.parent = e.component)
     or not exists (select from loop_edge as u where u.place = e.place and u.component = e.parent)
  returning 1
) select count(*) from gone"""


def find_loops(connection: psycopg.Connection[Any], rule: Rule, around: Surroundings) -> None:
    """Fill the temporary table loop_found with the pairs of parent and component that close a loop."""
    component, parent = identifier(own_column(rule, around).name), identifier(str(rule.args["parent"]))
    connection.execute("drop table if exists pg_temp.loop_edge, pg_temp.loop_found")
    connection.execute(
        f"create temporary table loop_edge on commit drop as select distinct {around.place('c')} as place,"
        f" c.{parent}::text as parent, c.{component}::text as component from {around.own_rows(rule)} as c"
        f" where c.{parent} is not null and c.{component} is not null".encode()
    )
    connection.execute("create index on loop_edge (place, parent)")
    connection.execute("create index on loop_edge (place, component)")
    connection.execute(
        "create temporary table loop_found (place text, parent text, component text, size integer, keys text[])"
        " on commit drop"
    )
    with connection.cursor(row_factory=tuple_row) as cursor:
        left = -1
        while left:
            cursor.execute("analyze loop_edge")
            (left,) = cursor.execute(_TRIM).fetchone() or (0,)
        edges: dict[Node, list[Node]] = {}
        for place, above, below in cursor.execute("select place, parent, component from loop_edge order by 1, 2, 3"):
            edges.setdefault((place, above), []).append((place, below))
        with cursor.copy("copy loop_found from stdin") as copy:
            for members in loops(edges):
                inside, keys = set(members), sorted(code for _, code in members)[:5]
                for node in members:
                    for other in edges[node]:
                        if other in inside:
                            copy.write_row((*node, other[1], len(members), keys))
    connection.execute("analyze loop_found")


def no_loop(rule: Rule, around: Surroundings) -> str:
    """Lines that close a loop. parent: the column of the part that contains the rule's column.

    Expects loop_found (`find_loops`). Systems and account sets are looked through one by one.
    """
    component, parent = identifier(own_column(rule, around).name), identifier(str(rule.args["parent"]))
    return f"""
select c._dataset, c._source_key, {own_text(rule, around)} as value,
       jsonb_build_object('count', f.size, 'keys', to_jsonb(f.keys)) as detail
from {around.own_rows(rule)} as c
join loop_found as f
  on f.place = {around.place("c")} and f.parent = c.{parent}::text and f.component = c.{component}::text"""


def loops(edges: dict[Node, list[Node]]) -> Iterator[list[Node]]:
    """Groups of nodes that can all reach each other, by Tarjan's algorithm without recursion (R. E. Tarjan 1972).

    A single node is a group only if it points to itself.
    """
    order: dict[Node, int] = {}
    lowest: dict[Node, int] = {}
    waiting: list[Node] = []
    is_waiting: set[Node] = set()
    for start in edges:
        if start in order:
            continue
        path = [(start, iter(edges[start]))]
        order[start] = lowest[start] = len(order)
        waiting.append(start)
        is_waiting.add(start)
        while path:
            node, rest = path[-1]
            below = next(rest, None)
            if below is None:
                path.pop()
                if path:
                    above = path[-1][0]
                    lowest[above] = min(lowest[above], lowest[node])
                if lowest[node] == order[node]:
                    place = _last_index(waiting, node)
                    members = waiting[place:]
                    del waiting[place:]
                    is_waiting.difference_update(members)
                    if len(members) > 1 or node in edges.get(node, ()):
                        yield members
            elif below not in order:
                order[below] = lowest[below] = len(order)
                waiting.append(below)
                is_waiting.add(below)
                path.append((below, iter(edges.get(below, ()))))
            elif below in is_waiting:
                lowest[node] = min(lowest[node], order[below])


def _last_index(nodes: list[Node], node: Node) -> int:
    """Where the node stands, looked for from the end, where it usually is."""
    return next(place for place in range(len(nodes) - 1, -1, -1) if nodes[place] == node)
