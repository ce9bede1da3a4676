document.documentElement.classList.add("js");
for (const table of document.querySelectorAll("table.rows")) {
  const body = table.tBodies[0];
  const rows = [...body.rows];
  const heads = [...table.tHead.rows[0].cells];
  heads.forEach((head, at) => {
    // A real button would not be printed in headers that repeat on paper.
    const button = document.createElement("span");
    button.role = "button";
    button.tabIndex = 0;
    button.textContent = head.textContent;
    head.replaceChildren(button);
    button.addEventListener("keydown", (event) => {
      if (event.key !== "Enter" && event.key !== " ") return;
      event.preventDefault();
      button.click();
    });
    button.addEventListener("click", () => {
      const down = head.getAttribute("aria-sort") === "ascending";
      heads.forEach((other) => other.removeAttribute("aria-sort"));
      head.setAttribute("aria-sort", down ? "descending" : "ascending");
      const value = (row) => row.cells[at].dataset.v ?? row.cells[at].textContent;
      const order = (left, right) => {
        const [one, other] = [value(left), value(right)];
        if (one === "" || other === "") return (one === "") - (other === "");
        const numbers = head.classList.contains("n") ? Number(one) - Number(other) : NaN;
        const sign = Number.isNaN(numbers) ? one.localeCompare(other) : numbers;
        return down ? -sign : sign;
      };
      body.append(...rows.toSorted(order));
    });
  });
  const search = table.closest("section").querySelector("input[type=search]");
  search?.addEventListener("input", () => {
    const words = search.value.toLowerCase().split(/\s+/);
    for (const row of rows) {
      const text = row.textContent.toLowerCase();
      row.hidden = !words.every((word) => text.includes(word));
    }
  });
}
