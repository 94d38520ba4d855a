// The sheet of an upload with its real column letters and row numbers; marked cells open a popover.
"use strict";
(() => {
  const place = document.getElementById("sheet");
  if (!place) return;
  const words = JSON.parse(place.dataset.words);
  const popover = document.getElementById("popover");
  const only = document.getElementById("only-issues");
  const element = (tag, text, name) => {
    const made = document.createElement(tag);
    if (text !== undefined) made.textContent = text;
    if (name) made.className = name;
    return made;
  };
  let opener = null;
  const close = () => {
    popover.hidden = true;
    if (opener) opener.focus();
    opener = null;
  };
  const open = (button, marks) => {
    popover.replaceChildren();
    const shut = element("button", "×", "shut");
    shut.setAttribute("aria-label", words.close);
    shut.addEventListener("click", close);
    popover.append(shut);
    marks.forEach((mark) => {
      popover.append(element("h3", mark.sentence));
      if (mark.how) popover.append(element("p", mark.how));
      if (mark.suggestion !== null && mark.suggestion !== undefined) {
        const line = element("p", words.suggestion, "suggested");
        line.append(element("b", mark.suggestion, "data"));
        popover.append(line);
      }
      if (mark.hold) popover.append(element("p", words.held));
    });
    popover.hidden = false;
    opener = button;
    const frame = place.parentElement.getBoundingClientRect();
    const box = button.getBoundingClientRect();
    popover.style.left = `${Math.max(0, Math.min(box.left - frame.left, frame.width - 360))}px`;
    popover.style.top = `${box.bottom - frame.top + 6}px`;
    shut.focus();
  };
  document.addEventListener("keydown", (event) => { if (event.key === "Escape" && !popover.hidden) close(); });
  document.addEventListener("click", (event) => {
    if (!popover.hidden && !popover.contains(event.target) && !event.target.closest(".marked")) close();
  });
  const worst = (marks) => ["bad", "warn", "fix", "hint"].find((state) => marks.some((mark) => mark.state === state));
  const shown = (name) => (cell) => {
    const row = cell.getData();
    const marks = row.marks[name];
    const value = row.cells[name] ?? "";
    if (!marks) return element("span", value, "data");
    const state = worst(marks);
    cell.getElement().classList.add(`cell-${state}`);
    const button = element("button", undefined, "marked data");
    const change = marks.find((mark) => mark.state === "fix" && mark.suggestion !== null);
    if (state === "fix" && change) button.append(element("del", value), ` ${change.suggestion}`);
    else button.textContent = value || " ";
    if (value) button.title = marks[0].sentence;
    else button.setAttribute("aria-label", marks[0].sentence);
    button.addEventListener("click", () => open(button, marks));
    return button;
  };
  const rowNumber = (cell) => {
    const whole = cell.getData().marks[""];
    const number = element("span", cell.getValue());
    if (!whole) return number;
    cell.getElement().classList.add(`cell-${worst(whole)}`);
    const button = element("button", cell.getValue(), "marked");
    button.addEventListener("click", () => open(button, whole));
    return button;
  };
  const columns = [
    { title: place.dataset.headerRow, field: "row_no", headerSort: false, frozen: true, width: 64, cssClass: "row-no", formatter: rowNumber },
    ...JSON.parse(place.dataset.columns).map(([letter, name]) => ({
      field: `c_${letter}_${name}`,
      headerSort: false,
      maxInitialWidth: 260,
      formatter: shown(name),
      titleFormatter: () => {
        const head = element("span");
        head.append(element("span", letter, "letter"), element("span", name, "head data"));
        return head;
      },
    })),
  ];
  const address = () => {
    const url = new URL(place.dataset.url, location.origin);
    if (place.dataset.rule) url.searchParams.set("rule", place.dataset.rule);
    else if (only && only.checked) url.searchParams.set("only", "issues");
    return url.pathname + url.search;
  };
  if (only) only.checked = new URLSearchParams(location.search).get("only") === "issues";
  const table = window.waterworksGrid(place, address(), { tabulator: { columns, layout: "fitDataFill", nestedFieldSeparator: false } });
  if (only) {
    only.addEventListener("change", () => {
      const url = new URL(location.href);
      if (only.checked) url.searchParams.set("only", "issues"); else url.searchParams.delete("only");
      url.searchParams.delete("page_no");
      history.replaceState(null, "", url);
      table.setData(address());
    });
  }
})();
