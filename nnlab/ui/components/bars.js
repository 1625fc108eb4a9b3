// The probabilities of the classes. A row for each, made once: only widths and numbers change afterwards.

const createBars = () => {
  const bars = element("div", { class: "bars" });
  let rows = [];
  const show = (shown) => {
    if (rows.length !== shown.length) {
      rows = shown.map(() => {
        const name = element("span", { class: "name" });
        const fill = element("i");
        const number = element("span", { class: "number" });
        const row = element("div", { class: "row" }, name, element("span", { class: "track" }, fill), number);
        return { name, fill, number, row };
      });
      bars.replaceChildren(...rows.map(({ row }) => row));
    }
    shown.forEach(({ name, percent, best }, i) => {
      rows[i].name.textContent = name;
      rows[i].fill.style.transform = `scaleX(${(percent ?? 0) / 100})`;
      rows[i].number.textContent = percent === null ? "–" : `${percent.toFixed(1)}%`;
      rows[i].row.classList.toggle("best", Boolean(best));
    });
  };
  return { bars, show };
};
