"""Rules about a dataset as a whole: how old it is, how many rows it has, whether its columns changed.

Belongs here: the queries of kinds `freshness`, `row_count` and `schema_stable`, one line per dataset that fails,
with an empty source key. Not here: whether a dataset was read at all, so that its scores are known (`states.py`).
"""

from __future__ import annotations

from hub.quality.literals import identifier, text
from hub.quality.sets.quantities import number
from hub.quality.sets.surroundings import Surroundings, unfit
from schemas.model import Rule
from schemas.problems import Problem

_HOURS = "round(extract(epoch from {span})::numeric / 3600, 1)"


def freshness(rule: Rule, around: Surroundings) -> str:
    """Datasets whose newest load, or newest value of the column, is older than max_hours.

    max_hours: default the contract's service level `latency`. A load counts when it read its source to the end.
    Values of a column are times in Shanghai. A dataset that nobody ever loaded says nothing: it is not set up.
    """
    limit = rule.args.get("max_hours")
    if limit is None:
        limit = around.contracts[rule.entity].sla.get("latency")
    hours = number(rule, "max_hours", "0" if limit is None else str(limit))
    if hours <= 0:
        raise Problem("set_rule_no_age", rule=rule.id, file=around.contracts[rule.entity].path)
    if rule.column is not None:
        column = identifier(rule.column)
        newest = (
            f"select c._dataset as dataset, max(c.{column})::timestamp as newest from {around.own_rows(rule)} as c"
            f" where c._dataset = any({_datasets(rule, around)}) group by c._dataset"
        )
        now = "(now() at time zone 'Asia/Shanghai')"
    else:
        newest = (
            "select l.dataset, max(l.finished_at) filter (where l.status = 'ok') as newest from ops.load as l"
            f" where l.kind = 'read' and l.dataset = any({_datasets(rule, around)}) group by l.dataset"
        )
        now = "now()"
    shown = "newest" if rule.column is not None else "newest at time zone 'Asia/Shanghai'"
    age = _HOURS.format(span=f"{now} - newest")
    return f"""
select dataset, '', coalesce(to_char({shown}, 'YYYY-MM-DD HH24:MI'), '-') as value,
 jsonb_strip_nulls(jsonb_build_object(
  'problem', case when newest is null then 'never' else 'old' end, 'hours', trim_scale({age})::text,
  'limit', {text(f"{hours.normalize():f}")})) as detail
from ({newest}) as known
where newest is null or newest < {now} - {hours} * interval '1 hour'"""


def row_count(rule: Rule, around: Surroundings) -> str:
    """Datasets that have lost more than max_drop_percent of their rows against the median of the past.

    over "days" (default): rows in the store, held ones included, against those at the end of the last days before
    today on which the dataset was read (mart.dataset_day). over "loads": rows the newest load read against those of
    the loads before it. last: how many days or loads (7); at_least: fewer say nothing (3). No history knows about
    conditions, so `where` is refused.
    """
    if rule.where is not None:
        raise unfit(rule, around, "where")
    drop = number(rule, "max_drop_percent")
    last, at_least = int(rule.args.get("last", 7)), int(rule.args.get("at_least", 3))
    mine = _datasets(rule, around)
    if rule.args.get("over") == "loads":
        ranked = (
            "select dataset, rows_read as rows, row_number() over (partition by dataset order by id desc) as place"
            f" from ops.load where kind = 'read' and status = 'ok' and dataset = any({mine})"
        )
        now, before = "place = 1", f"place between 2 and {last + 1}"
    else:
        ranked = (
            f"select c._dataset as dataset, count(*) as rows, 0 as place from {around.rows(rule.entity)} as c"
            f" where c._dataset = any({mine}) group by c._dataset"
            " union all select dataset, rows_loaded + rows_held,"
            " row_number() over (partition by dataset order by day desc) from mart.dataset_day"
            " where state = 'read' and day < (now() at time zone 'Asia/Shanghai')::date"
            f" and dataset = any({mine})"
        )
        now, before = "place = 0", f"place between 1 and {last}"
    return f"""
select dataset, '', now::text as value, jsonb_build_object(
  'count', now, 'median', trim_scale(median::numeric)::text, 'last', times,
  'drop', trim_scale(round((100 * (median - now) / median)::numeric, 1))::text) as detail
from (
  select dataset, coalesce(max(rows) filter (where {now}), 0) as now, count(*) filter (where {before}) as times,
         percentile_cont(0.5) within group (order by rows) filter (where {before}) as median
  from ({ranked}) as counted group by dataset
) as compared
where times >= {max(1, at_least)} and median > 0 and now < median * (1 - {drop} / 100.0)"""


def schema_stable(rule: Rule, around: Surroundings) -> str:
    """Datasets whose source has changed in columns they read, as long as nobody has decided about it."""
    return f"""
select split_part(dataset, '@', 1) as dataset, '', count(*)::text as value, jsonb_build_object(
  'count', count(*), 'keys', (array_agg(distinct column_name))[1:5]) as detail
from ops.schema_change
where status = 'waiting' and split_part(dataset, '@', 1) = any({_datasets(rule, around)})
group by split_part(dataset, '@', 1)"""


def _datasets(rule: Rule, around: Surroundings) -> str:
    """SQL array of the datasets of the rule's entity."""
    mine = [mapping.dataset for mapping in around.mappings.values() if mapping.entity == rule.entity]
    return f"array[{', '.join(map(text, sorted(mine)))}]::text[]"
