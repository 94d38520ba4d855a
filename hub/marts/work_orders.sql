-- Open work orders with progress. A work order known to several systems is one line: the ERP plans
-- it, the MES reports on it. Reported quantity = good quantity of all its production reports.
truncate mart.open_work_order;

insert into mart.open_work_order
    (plant, work_order_code, material_code, material_name, status, planned_qty, reported_qty,
     progress_percent, planned_finish_date, is_late, sources)
with orders as (
    select
        _plant as plant,
        work_order_code,
        -- the ERP's word comes first; its name sorts before the MES's, so say it plainly
        (array_agg(material_code order by (_dataset like 'mes.%')) filter (where material_code is not null))[1]
            as material_code,
        (array_agg(status order by (_dataset not like 'mes.%')) filter (where status is not null))[1] as status,
        (array_agg(planned_qty order by (_dataset like 'mes.%')) filter (where planned_qty is not null))[1]
            as planned_qty,
        (array_agg(planned_finish_date order by (_dataset like 'mes.%'))
            filter (where planned_finish_date is not null))[1] as planned_finish_date,
        string_agg(distinct split_part(_dataset, '.', 1), ', ' order by split_part(_dataset, '.', 1)) as sources,
        bool_or(coalesce(status in ('finished', 'closed', 'cancelled'), false)) as is_over
    from core.work_order
    where work_order_code is not null
    group by _plant, work_order_code
),
reported as (
    select _plant as plant, work_order_code, sum(good_qty) as good_qty
    from core.production_report
    where work_order_code is not null
    group by _plant, work_order_code
),
names as (
    select material_code, (array_agg(material_name order by _dataset, _source_key))[1] as material_name
    from core.material
    group by material_code
)
select
    o.plant,
    o.work_order_code,
    o.material_code,
    n.material_name,
    o.status,
    o.planned_qty,
    coalesce(r.good_qty, 0),
    round(100 * coalesce(r.good_qty, 0) / nullif(o.planned_qty, 0), 1),
    o.planned_finish_date,
    o.planned_finish_date < (now() at time zone 'Asia/Shanghai')::date,
    o.sources
from orders o
left join reported r using (plant, work_order_code)
left join names n using (material_code)
where not o.is_over;
