// The trend chart. Its figures also stand in the table below it.
"use strict";
(() => {
  const place = document.getElementById("trend");
  if (!place || !window.echarts) return;
  const points = JSON.parse(place.dataset.points);
  const scores = points.map((point) => point[1]).filter((score) => score !== null);
  // [number of a point, how many rules changed before it was taken]
  const marks = JSON.parse(place.dataset.marks);
  const target = Number(place.dataset.target);
  const lowest = Math.max(0, Math.floor((Math.min(target, ...scores) - 3) / 5) * 5);
  const chart = window.echarts.init(place, null, { renderer: "canvas" });
  chart.setOption({
    animation: false,
    textStyle: { fontFamily: getComputedStyle(document.body).fontFamily },
    grid: { left: 36, right: 52, top: 24, bottom: 26 },
    // richText: the tooltip is drawn on the canvas; an HTML one would need inline styles.
    tooltip: { trigger: "axis", renderMode: "richText" },
    xAxis: { type: "category", data: points.map((point) => point[0].slice(5)), boundaryGap: points.length === 1, axisTick: { show: false }, axisLine: { lineStyle: { color: "#dfe4ea" } }, axisLabel: { color: "#5b6875" } },
    yAxis: { type: "value", min: lowest, max: 100, axisLabel: { color: "#5b6875" }, splitLine: { lineStyle: { color: "#e8ebef" } } },
    series: [
      {
        type: "line", data: points.map((point) => point[1]), color: "#0b5cad", lineStyle: { width: 2.5 }, symbol: "circle", symbolSize: 7, connectNulls: false,
        endLabel: { show: true, formatter: (point) => (point.value === null || point.value === undefined ? "" : Number(point.value).toFixed(1)), color: "#0b5cad", fontWeight: 700, fontSize: 13 },
        markLine: { silent: true, symbol: "none", lineStyle: { color: "#1f7a4d", type: "dashed" }, label: { formatter: place.dataset.targetWord, color: "#1f7a4d", position: "insideStartTop" }, data: [{ yAxis: target }, ...marks.map((mark) => ({ xAxis: mark[0], lineStyle: { color: "#5a4a86", type: "solid" }, label: { formatter: `⚑ ${place.dataset.markWord} ${mark[1]}`, color: "#5a4a86", position: "end", rotate: 0 } }))] },
      },
    ],
  });
  new ResizeObserver(() => chart.resize()).observe(place);
})();
