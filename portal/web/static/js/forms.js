// Filter forms: choosing is applying. Without scripts the button does the same.
"use strict";
document.querySelectorAll("form[data-auto-submit]").forEach((form) => {
  form.addEventListener("change", (event) => {
    if (event.target.tagName === "SELECT") form.requestSubmit();
  });
  // Keep the address short: empty fields do not go into it.
  form.addEventListener("submit", () => {
    form.querySelectorAll("select, input").forEach((field) => { if (!field.value) field.disabled = true; });
  });
});
