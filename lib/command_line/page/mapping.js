// Sorts and filters the table of the page. Without this script, the page still shows the whole table.
"use strict";

const form = document.querySelector("form");
const table = document.querySelector("table");
// The columns whose texts are searched: all but the roles on the project, as every project has the same accounts.
const SEARCHED = [0, 1, 2, 3, 4, 5, 7, 8];
const order = new Intl.Collator("en", { numeric: true });
const rows = Array.from(table.tBodies[0].rows, (row) => ({ row }));

// What a cell is sorted by. Cells for which this is "" or NaN come last in either direction.
const keys = {
  text: (cell) => cell.textContent.trim(),
  count: (cell) => cell.querySelectorAll("li").length,
  time: (cell) => Date.parse(cell.querySelector("time")?.dateTime),
};

function folded(text) {
  return text.normalize("NFKC").toLowerCase();
}

function sort(head) {
  const ascending = head.ariaSort !== "ascending";
  const key = keys[head.dataset.sort ?? "text"];
  for (const one of rows) {
    one.key = key(one.row.cells[head.cellIndex]);
    one.last = one.key === "" || Number.isNaN(one.key);
  }
  const compare = head.dataset.sort ? (a, b) => a - b : order.compare;
  const sign = ascending ? 1 : -1;
  rows.sort((a, b) => a.last - b.last || (a.last ? 0 : sign * compare(a.key, b.key)));
  for (const one of table.tHead.rows[0].cells) one.ariaSort = "none";
  head.ariaSort = ascending ? "ascending" : "descending";
  const sorted = new DocumentFragment();
  for (const { row } of rows) sorted.append(row);
  table.tBodies[0].append(sorted);
}

// Reads what a row is found by, when it is first needed.
function read(one) {
  one.codes = Array.from(one.row.cells[2].querySelectorAll("li > b"), (code) => code.textContent);
  one.text = folded(SEARCHED.map((cell) => one.row.cells[cell].textContent).join("\n"));
}

function filter() {
  const asked = new FormData(form);
  const words = folded(asked.get("find")).split(/\s+/);
  const problems = asked.getAll("problem");
  let shown = 0;
  for (const one of rows) {
    if (one.text === undefined) read(one);
    const fits =
      (!asked.has("with-problems") || one.codes.length > 0) &&
      (!problems.length || problems.some((code) => one.codes.includes(code))) &&
      words.every((word) => one.text.includes(word));
    one.row.hidden = !fits;
    shown += fits;
  }
  form.querySelector("output").value = `${shown.toLocaleString("en")} of ${rows.length.toLocaleString("en")} shown`;
}

async function copy(code) {
  const told = document.querySelector("[role=status]");
  getSelection().selectAllChildren(code);
  try {
    await navigator.clipboard.writeText(code.textContent);
    told.textContent = `Copied ${code.textContent}`;
  } catch {
    // Not every browser lets a file write there.
    told.textContent = "Selected. Ctrl-C copies it.";
  }
  setTimeout(() => told.replaceChildren(), 3000);
}

for (const head of table.tHead.rows[0].cells) {
  const button = document.createElement("button");
  button.append(...head.childNodes);
  button.addEventListener("click", () => sort(head));
  head.append(button);
  head.ariaSort = "none";
}
table.tBodies[0].addEventListener("click", (event) => {
  if (event.target.matches("code")) copy(event.target);
});
form.addEventListener("input", filter);
form.addEventListener("submit", (event) => event.preventDefault());
// The fields have their first values only after this event.
form.addEventListener("reset", () => setTimeout(filter));
form.hidden = false;
filter();
