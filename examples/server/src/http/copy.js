// Adds a button to each value that is made to be copied. The page works without it: the value can be selected.
"use strict";
for (const field of document.querySelectorAll("input[data-copy], textarea[data-copy]")) {
  const button = document.createElement("button");
  button.type = "button";
  button.className = "plain";
  button.textContent = "Copy";
  const label = document.querySelector(`label[for="${field.id}"]`);
  button.setAttribute("aria-label", `Copy ${label ? label.textContent : "value"}`);
  button.addEventListener("click", async () => {
    try {
      await navigator.clipboard.writeText(field.value);
    } catch {
      // Browsers refuse the clipboard on plain http: then the old way, which needs the selection.
      field.select();
      document.execCommand("copy");
    }
    button.textContent = "Copied";
    setTimeout(() => { button.textContent = "Copy"; }, 2000);
  });
  button.setAttribute("aria-live", "polite");
  field.insertAdjacentElement("afterend", button);
}
