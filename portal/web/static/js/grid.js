// What every remote-paged grid shares: words, paging, the page number in the address.
"use strict";
window.waterworksGrid = (place, url, options) => {
  const words = JSON.parse(place.dataset.words);
  const start = Number(new URLSearchParams(location.search).get("page_no") || place.dataset.page || 1);
  // Outside the grid: a grid may hold rows only (ARIA).
  const pager = document.createElement("div");
  pager.className = "pager";
  const count = document.createElement("span");
  count.className = "pager-count";
  const pages = document.createElement("span");
  pages.className = "pager-pages";
  pager.append(count, pages);
  place.after(pager);
  const table = new window.Tabulator(place, {
    ajaxURL: url,
    pagination: true,
    paginationMode: "remote",
    paginationElement: pages,
    paginationSize: options.size || 50,
    paginationInitialPage: start,
    sortMode: "remote",
    layout: "fitDataStretch",
    placeholder: words.empty,
    locale: "page",
    langs: { page: { data: { loading: words.loading, error: words.failed }, pagination: { first: words.first, first_title: words.first, last: words.last, last_title: words.last, prev: words.prev, prev_title: words.prev, next: words.next, next_title: words.next, page_title: words.page, all: words.rows } } },
    ajaxResponse: (address, params, answer) => {
      const size = params.size || 50;
      const first = ((params.page || 1) - 1) * size + 1;
      count.textContent = answer.last_row ? `${first}–${Math.min(first + size - 1, answer.last_row)} / ${answer.last_row.toLocaleString("en")} ${words.rows}` : "";
      return answer;
    },
    ajaxURLGenerator: (base, config, params) => {
      const address = new URL(base, location.origin);
      address.searchParams.set("page", params.page || 1);
      address.searchParams.set("size", params.size || 50);
      const sorter = (params.sort || [])[0];
      if (sorter) { address.searchParams.set("sort", sorter.field); address.searchParams.set("direction", sorter.dir); }
      return address.pathname + address.search;
    },
    ...options.tabulator,
  });
  table.on("tableBuilt", () => place.querySelector(".tabulator-tableholder").removeAttribute("tabindex"));
  table.on("pageLoaded", (page) => {
    const address = new URL(location.href);
    if (page > 1) address.searchParams.set("page_no", page); else address.searchParams.delete("page_no");
    history.replaceState(null, "", address);
  });
  return table;
};
