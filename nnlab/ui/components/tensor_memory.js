// The storage behind tensors: its elements in a row, place after place, and the jumps that lead to one of them.

const PLACE_HIGH = 14; // for the number of a place
const JUMPS_HIGH = 30;

const createMemory = (host, { onPoint }) => {
  const title = element("div", { class: "title" });
  const canvas = element("canvas", { tabindex: 0, role: "application" });
  const box = element("section", { class: "memory" }, title, canvas);
  host.append(box);
  let memory = null, context = null, grid = null, marks = new Map(), jumps = [], current = null;

  const set = (next, { limit, theme, table, room }) => {
    memory = next;
    [marks, jumps] = [new Map(), []]; // of what was there before
    context = { limit, theme, table };
    title.replaceChildren(element("b", {}, memory.name), element("span", { class: "quiet" }, ` ${memory.told}`));
    canvas.setAttribute("aria-label", memory.label);
    const count = memory.places.length;
    const wide = Math.max(CELL_NARROWEST, Math.min(CELL_WIDEST, Math.floor((room - 6) / Math.max(1, count))));
    const across = Math.max(1, Math.min(count, Math.floor((room - 6) / wide)));
    if (current >= count) current = null;
    grid = { count, wide, across, lines: Math.ceil(count / across), line: PLACE_HIGH + CELL_HIGH + 8 };
    draw();
  };

  const corner = (at) => [2 + (at % grid.across) * grid.wide, JUMPS_HIGH + Math.floor(at / grid.across) * grid.line + PLACE_HIGH];

  const draw = () => {
    if (!memory) return;
    const { limit, theme, table } = context;
    const pen = sizeCanvas(canvas, grid.across * grid.wide + 6, grid.count ? JUMPS_HIGH + grid.lines * grid.line : 4);
    pen.textBaseline = "middle";
    pen.textAlign = "center";
    memory.places.forEach((place, at) => {
      const [x, y] = corner(at);
      pen.font = `10px ${theme.font}`;
      pen.fillStyle = theme.text;
      pen.globalAlpha = 0.65;
      const cut = at && place !== memory.places[at - 1] + 1;
      pen.fillText(cut ? `⋯ ${place}` : place, x + grid.wide / 2, y - 7);
      pen.globalAlpha = 1;
      pen.font = cellFont(grid.wide);
      const lit = memory.lit === null ? null : memory.lit[at];
      drawCell(pen, { x, y, wide: grid.wide, text: memory.texts[at], limit, table, theme, faint: lit === "0", chosen: lit === "1" });
    });
    for (const [at, colour] of marks) {
      const [x, y] = corner(at);
      pen.strokeStyle = colour;
      pen.lineWidth = 3;
      pen.strokeRect(x + 1, y + 1, grid.wide - 3, CELL_HIGH - 3);
    }
    jumps.forEach((jump) => drawJump(pen, jump));
  };

  // An arc from one place to another in the colour of its dim; between two lines of cells a straight one.
  const drawJump = (pen, { from, to, colour }) => {
    const [[x0, y0], [x1, y1]] = [corner(from), corner(to)].map(([x, y]) => [x + grid.wide / 2, y - PLACE_HIGH + 1]);
    pen.strokeStyle = pen.fillStyle = colour;
    pen.lineWidth = 2;
    pen.beginPath();
    pen.moveTo(x0, y0);
    const high = Math.min(JUMPS_HIGH - 4, 10 + Math.abs(x1 - x0) / 8);
    if (y0 === y1) pen.quadraticCurveTo((x0 + x1) / 2, y0 - 2 * high + 4, x1, y1);
    else pen.lineTo(x1, y1);
    pen.stroke();
    pen.beginPath();
    pen.arc(x1, y1, 3, 0, 2 * Math.PI);
    pen.fill();
  };

  const under = (event) => {
    const bounds = canvas.getBoundingClientRect();
    const [x, y] = [event.clientX - bounds.left, event.clientY - bounds.top];
    const [column, line] = [Math.floor((x - 2) / grid.wide), Math.floor((y - JUMPS_HIGH) / grid.line)];
    const at = line * grid.across + column;
    return column >= 0 && column < grid.across && line >= 0 && at < grid.count ? at : null;
  };
  const pointTo = (at) => {
    current = at;
    onPoint(at);
  };
  canvas.addEventListener("pointermove", (event) => pointTo(under(event)));
  canvas.addEventListener("pointerdown", (event) => pointTo(under(event)));
  canvas.addEventListener("pointerleave", ({ pointerType }) => pointerType !== "touch" && pointTo(null));
  canvas.addEventListener("blur", () => pointTo(null));
  canvas.addEventListener("keydown", (event) => {
    const step = { ArrowLeft: -1, ArrowRight: 1, ArrowUp: -grid.across, ArrowDown: grid.across }[event.key];
    if (step !== undefined && grid.count) {
      event.preventDefault();
      pointTo(Math.max(0, Math.min(grid.count - 1, current === null ? 0 : current + step)));
    } else if (event.key === "Escape") pointTo(null);
  });

  const shownAt = (place) => {
    const at = memory.places.indexOf(place);
    return at < 0 ? null : at;
  };
  // `wanted`: from place to place, each with the dim it is a step of.
  const mark = (cells, wanted) => {
    marks = cells;
    jumps = wanted.flatMap(({ from, to, dim }) => {
      const [start, end] = [shownAt(from), shownAt(to)];
      return start === null || end === null ? [] : [{ from: start, to: end, colour: dimColour(context.theme, dim) }];
    });
    draw();
  };
  return { set, mark, shownAt, remove: () => box.remove(), memory: () => memory, redraw: draw };
};
