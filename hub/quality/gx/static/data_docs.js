// Data Docs of Waterworks: the two things its pages do by themselves: filter and unfold.
document.querySelectorAll(".btn-group label").forEach((label, place, all) => {
  label.addEventListener("click", () => {
    all.forEach((other) => other.classList.toggle("active", other === label));
    const failedOnly = place === 1;
    document.querySelectorAll("tbody tr").forEach((row) => {
      row.classList.toggle("hidden", failedOnly && row.querySelector(".text-success") !== null);
    });
  });
});
document.querySelectorAll("[data-toggle=collapse]").forEach((link) => {
  link.addEventListener("click", (event) => {
    event.preventDefault();
    const body = document.getElementById(link.getAttribute("href").slice(1));
    link.setAttribute("aria-expanded", String(body.classList.toggle("show")));
  });
});
