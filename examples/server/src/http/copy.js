// Adds a button to each value that is made to be copied. The page works without it: the value can be selected.
"use strict";
for (const field of document.querySelectorAll("input[data-copy], textarea[data-copy]")) {
  const button = document.createElement("button");
  button.type = "button";
  button.className = "plain";
  const label = document.querySelector(`label[for="${field.id}"]`);
  // What is read aloud begins with what is seen.
  const say = (word) => {
    button.textContent = word;
    button.setAttribute("aria-label", `${word} ${label ? label.textContent : "value"}`);
  };
  say("Copy");
  button.addEventListener("click", async () => {
    try {
      await navigator.clipboard.writeText(field.value);
    } catch {
      // Browsers refuse the clipboard on plain http: then the old way, which needs the selection.
      field.select();
      document.execCommand("copy");
    }
    say("Copied");
    setTimeout(() => say("Copy"), 2000);
  });
  button.setAttribute("aria-live", "polite");
  field.insertAdjacentElement("afterend", button);
}
