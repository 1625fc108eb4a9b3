// One number taken apart: the patch, the kernel, their products, and the sums that lead to the result.

const TERMS_WRITTEN = 49; // cells of a window that have room for their numbers
const SUMS_SHOWN = 8;
const f = Math.fround;

// Distance of two float32 in units in the last place.
const ulpsBetween = (a, b) => {
  const [x, y] = new Int32Array(new Float32Array([a, b]).buffer);
  const ordered = (bits) => (bits < 0 ? -2147483648 - bits : bits);
  return Math.abs(ordered(x) - ordered(y));
};

// A matrix of numbers as cells; `tell` is given the whole number under the pointer, `edit` the place and the
// text that is typed there. Where it says that this is no number, the text stays, also while another matrix is
// shown.
const createMatrix = (host, { edit, tell }) => {
  const title = element("div", { class: "quiet" });
  const table = element("div", { class: "cells" });
  host.append(element("div", { class: "matrix" }, title, table));
  const mistakes = new Map(); // what was typed, by place
  let cells = [], made = "";
  table.addEventListener("pointerover", ({ target }) => target !== table && tell(target.dataset.whole));
  table.addEventListener("pointerleave", () => tell(null));

  const write = (cell, text) => {
    const mistake = mistakes.get(cell.dataset.at);
    cell.classList.toggle("wrong", mistake !== undefined);
    cell.value = mistake ?? text;
  };

  const make = (height, width, editable, name) => {
    const kind = `${height} ${width} ${editable} ${name}`;
    if (kind === made) return;
    made = kind;
    table.style.setProperty("--columns", width);
    table.classList.toggle("dense", height * width > TERMS_WRITTEN);
    cells = Array.from({ length: height * width }, (_, place) => {
      if (!editable) return element("span", { class: "number" });
      const [y, x] = [Math.floor(place / width), place % width];
      const at = [...editable, y, x];
      const attributes = { class: "number", inputmode: "decimal", autocomplete: "off", "aria-label": `${name} [${y}, ${x}]` };
      const cell = element("input", { ...attributes, "data-at": `${height} ${width} ${at}` });
      cell.addEventListener("focus", () => {
        write(cell, cell.dataset.whole);
        cell.select();
      });
      cell.addEventListener("change", () => {
        mistakes.delete(cell.dataset.at);
        if (!edit(at, cell.value)) mistakes.set(cell.dataset.at, cell.value);
        write(cell, cell.value);
      });
      cell.addEventListener("blur", () => write(cell, cellText(Number(cell.dataset.whole), 3)));
      return cell;
    });
    table.replaceChildren(...cells);
  };

  const show = ({ name, height, width, values, limit, grey, editable, strong, table: colours, outside }) => {
    title.textContent = name;
    make(height, width, editable, name);
    const written = height * width <= TERMS_WRITTEN;
    const colour = [0, 0, 0, 255];
    const pixel = { set: (rgba) => rgba.forEach((part, i) => (colour[i] = part)) };
    cells.forEach((cell, place) => {
      const value = values[place];
      if (grey) colour.fill(Math.max(0, Math.min(255, Math.round(255 * value))), 0, 3);
      else paintSigned(pixel, 0, value / limit, colours);
      const light = 0.299 * colour[0] + 0.587 * colour[1] + 0.114 * colour[2] > 140;
      cell.style.background = `rgb(${colour[0]}, ${colour[1]}, ${colour[2]})`;
      cell.style.color = light ? "#10151c" : "#ffffff";
      cell.classList.toggle("strong", place === strong);
      cell.classList.toggle("outside", Boolean(outside?.[place]));
      cell.dataset.whole = Number.isFinite(value) ? float32Text(value) : cellText(value, 3);
      const text = written || editable ? cellText(value, 3) : "";
      if (!editable) cell.textContent = text;
      else if (cell.getRootNode().activeElement !== cell) write(cell, text);
    });
  };
  return { show, box: table.parentElement };
};

// The lines below the matrices that lead to a result, and how far the sum in that order lies from PyTorch's.
const createSums = (host, text) => {
  const lines = element("div", { class: "sums" });
  const sentence = element("p", { class: "sentence", role: "status" });
  host.append(lines, sentence);

  const line = (name, value, strong) =>
    element("div", { class: strong ? "line strong" : "line" }, element("span", { class: "quiet" }, name), element("b", { class: "number" }, value));

  const sumOf = (values) => values.reduce((sum, value) => f(sum + value), 0);

  // `total` is what the lines come to.
  const tell = (shown, result, total) => {
    lines.replaceChildren(...shown, line(text("result"), float32Text(result), true));
    const apart = total === undefined ? 0 : ulpsBetween(total, result);
    const said = apart ? text("apart", { sum: float32Text(total), count: apart }) : text("same");
    sentence.textContent = total === undefined ? "" : said;
  };

  // The sums over channels from `first` on, of which `seen` is the one whose products are shown.
  const showSum = (totals, first, seen, bias, result) => {
    const shown = totals.slice(0, SUMS_SHOWN).map((total, i) =>
      line(text("sum", { channel: first + i }), float32Text(total), first + i === seen && totals.length > 1));
    const rest = totals.slice(SUMS_SHOWN);
    if (rest.length) shown.push(line(text("rest", { count: rest.length }), float32Text(sumOf(rest))));
    if (bias !== null) shown.push(line(text("bias"), float32Text(bias)));
    tell(shown, result, f(sumOf(totals) + (bias ?? 0)));
  };

  const showMean = (patch, divisor, result) => {
    const total = sumOf(patch);
    tell([line(text("total"), float32Text(total)), line(text("divisor"), String(divisor))], result, f(total / divisor));
  };

  // `winner`: its row and column in the input, or null.
  const showLargest = (winner, result) =>
    tell(winner ? [line(text("winner"), `[${winner.join(", ")}]`)] : [], result);

  return { showSum, showMean, showLargest };
};
