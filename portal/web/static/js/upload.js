// Choose or drop a file; it is sent as the raw body of one PUT with a progress bar.
"use strict";
(() => {
  const drop = document.getElementById("drop");
  if (!drop) return;
  const input = document.getElementById("file");
  const state = document.getElementById("drop-state");
  const bar = document.getElementById("drop-progress");
  const say = (text, bad) => {
    state.textContent = text;
    state.classList.toggle("bad", Boolean(bad));
  };
  const send = (file) => {
    if (file.size > Number(drop.dataset.limitMb) * 1048576) { say(drop.dataset.tooLarge, true); return; }
    const request = new XMLHttpRequest();
    request.open("PUT", `/uploads?name=${encodeURIComponent(file.name)}`);
    request.setRequestHeader("X-CSRF-Token", document.body.dataset.csrf);
    request.responseType = "json";
    bar.hidden = false;
    say(file.name);
    request.upload.addEventListener("progress", (event) => {
      if (event.lengthComputable) bar.value = (100 * event.loaded) / event.total;
    });
    request.addEventListener("load", () => {
      if (request.response && request.response.url) { location.href = request.response.url; return; }
      if (request.status === 401) { location.href = "/log-in?next=/uploads"; return; }
      bar.hidden = true;
      say((request.response && request.response.problem) || drop.dataset.broken, true);
    });
    request.addEventListener("error", () => { bar.hidden = true; say(drop.dataset.broken, true); });
    request.send(file);
  };
  input.addEventListener("change", () => { if (input.files[0]) send(input.files[0]); });
  // The whole page takes the file, so that a drop beside the box does not open it in the browser.
  document.addEventListener("dragover", (event) => { event.preventDefault(); drop.classList.add("over"); });
  document.addEventListener("dragleave", (event) => { if (!event.relatedTarget) drop.classList.remove("over"); });
  document.addEventListener("drop", (event) => {
    event.preventDefault();
    drop.classList.remove("over");
    if (event.dataTransfer.files[0]) send(event.dataTransfer.files[0]);
  });
})();
