// Filters the tables of the rule catalogue. Plain JavaScript: nothing is loaded, so it works from file://, too.
// The filter stands in the address behind `#`, so that a filtered view can be linked to.
"use strict";

(() => {
  const form = document.getElementById("catalogue");
  if (!form) return;

  const COLUMNS = ["code", "name", "severity", "confidence", "fix", "finds"];
  const FIELDS = ["text", "family", "severity", "confidence", "fix"];

  const rules = [...document.querySelectorAll("section > .table-wrapper > table, section > table")].flatMap((table) =>
    [...table.tBodies[0].rows].map((row) => {
      const cells = [...row.cells].map((cell) => cell.textContent.trim());
      row.dataset.severity = cells[COLUMNS.indexOf("severity")];
      return { row, section: table.closest("section"), ...Object.fromEntries(COLUMNS.map((key, at) => [key, cells[at]])) };
    }),
  );

  function matches(rule, wanted) {
    const said = `${rule.code} ${rule.name} ${rule.finds}`.toLowerCase();
    const fixes = { "": true, any: rule.fix !== "no", no: rule.fix === "no" };
    return (
      wanted.text.toLowerCase().split(/\s+/).every((word) => said.includes(word)) &&
      rule.code.startsWith(wanted.family) &&
      (!wanted.severity || rule.severity === wanted.severity) &&
      (!wanted.confidence || rule.confidence === wanted.confidence) &&
      (fixes[wanted.fix] ?? rule.fix.split(" or ").includes(wanted.fix))
    );
  }

  function wanted() {
    return Object.fromEntries(FIELDS.map((field) => [field, form.elements[field].value.trim()]));
  }

  function show() {
    const now = wanted();
    const sections = new Map();
    let count = 0;
    for (const rule of rules) {
      const shown = matches(rule, now);
      rule.row.hidden = !shown;
      sections.set(rule.section, sections.get(rule.section) || shown);
      count += shown;
    }
    for (const [section, shown] of sections) {
      section.hidden = !shown;
      const link = document.querySelector(`.toc-tree a[href="#${section.id}"]`);
      if (link) link.parentElement.hidden = !shown;
    }
    form.querySelector("output").textContent =
      count === rules.length ? `${count} rules` : count ? `${count} of ${rules.length} rules` : "No rule is like that.";
  }

  function remember() {
    const set = Object.entries(wanted()).filter(([, value]) => value);
    const hash = set.length ? `#${new URLSearchParams(set)}` : " ";
    try {
      history.replaceState(null, "", hash.trim() || location.pathname + location.search);
    } catch {
      // Some browsers keep the address of a local file as it is: then the filter is not remembered, and works all the same.
    }
  }

  function restore() {
    const hash = location.hash.slice(1);
    const given = new URLSearchParams(hash.includes("=") ? hash : "");
    for (const field of FIELDS) {
      const element = form.elements[field];
      element.value = given.get(field) ?? "";
      if (element.selectedIndex < 0) element.value = ""; // an address that names what is no choice: all
    }
    show();
  }

  const changed = () => {
    show();
    remember();
  };
  form.addEventListener("input", changed);
  form.addEventListener("submit", (event) => event.preventDefault());
  form.addEventListener("reset", () => setTimeout(changed)); // the fields are emptied after the event
  addEventListener("hashchange", () => location.hash.includes("=") && restore());
  form.hidden = false;
  restore();
})();
