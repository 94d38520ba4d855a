// Lists of findings, held rows and rejected rows.
"use strict";
(() => {
  const place = document.getElementById("list");
  if (!place) return;
  const titles = JSON.parse(place.dataset.columns);
  const plain = (cell) => {
    const element = document.createElement("span");
    element.className = "data";
    element.textContent = cell.getValue() ?? "";
    return element;
  };
  const link = (cell) => {
    const id = cell.getData().id ?? cell.getData().finding;
    if (!id) return plain(cell);
    const element = document.createElement("a");
    element.href = `/quality/findings/${id}`;
    element.className = "data";
    element.textContent = cell.getValue() ?? "";
    return element;
  };
  const severity = (cell) => {
    const level = cell.getValue();
    const element = document.createElement("span");
    element.className = `badge ${{ error: "bad", warning: "warn" }[level] || "none"}`;
    element.textContent = `${{ error: "✕", warning: "▲" }[level] || "·"} ${cell.getData().severity_word}`;
    return element;
  };
  const reasons = (cell) => {
    const list = document.createElement("span");
    cell.getValue().forEach((reason) => {
      const element = document.createElement("a");
      element.href = `/quality/findings/${reason.id}`;
      element.className = "data";
      element.textContent = reason.text;
      list.append(element, document.createElement("br"));
    });
    return list;
  };
  const kinds = {
    findings: { sortable: ["where", "value", "first_seen"], link: ["where"] },
    held: { sortable: [], link: ["where"] },
    rejected: { sortable: [], link: [] },
  }[place.dataset.list];
  const columns = titles.map(([field, title]) => ({
    title,
    field,
    headerSort: kinds.sortable.includes(field),
    formatter: field === "severity" ? severity : field === "reasons" ? reasons : kinds.link.includes(field) ? link : plain,
    variableHeight: field === "reasons" || field === "reason" || field === "raw",
    maxWidth: field === "raw" || field === "value" ? 420 : undefined,
  }));
  const table = window.waterworksGrid(place, place.dataset.url, { tabulator: { columns } });
  table.on("rowClick", (event, row) => {
    const id = row.getData().id ?? row.getData().finding;
    if (id && !event.target.closest("a") && !String(getSelection())) location.href = `/quality/findings/${id}`;
  });
})();
