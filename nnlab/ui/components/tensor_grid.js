// The cells of one tensor, or of what is shown of it: its last dim runs to the right, the one before it down,
// and all further dims make blocks.

const CELL_HIGH = 28;
const CELL_WIDEST = 50;
const CELL_NARROWEST = 36;
const CUT = 16; // CSS pixels in place of what is left out
const BLOCK_GAP = 18;

// Where the elements stand: `dims` holds for each dim the indices that are shown.
const layOut = ({ dims }, room, rows) => {
  const columns = dims.at(-1) ?? [0];
  const down = dims.length > 1 ? dims.at(-2) : [0];
  const cuts = (shown) => {
    let cut = 0;
    return shown.map((index, at) => (cut += at && index !== shown[at - 1] + 1 ? 1 : 0));
  };
  const [cutsAcross, cutsDown] = [cuts(columns), cuts(down)];
  const left = dims.length > 1 ? 22 : 2;
  const top = dims.length > 2 ? 34 : dims.length ? 16 : 2;
  const spare = room - left - 4 - (cutsAcross.at(-1) ?? 0) * CUT;
  const wide = Math.max(CELL_NARROWEST, Math.min(CELL_WIDEST, Math.floor(spare / Math.max(1, columns.length))));
  const width = left + columns.length * wide + (cutsAcross.at(-1) ?? 0) * CUT + 4;
  const height = top + down.length * CELL_HIGH + (cutsDown.at(-1) ?? 0) * CUT + 4;
  const outer = dims.slice(0, -2);
  const blocks = outer.reduce((found, shown) => found.flatMap((one) => shown.map((index) => [...one, index])), [[]]);
  const fits = Math.max(1, Math.floor((room + BLOCK_GAP) / (width + BLOCK_GAP)));
  const across = dims.length === 4 && outer[1].length <= fits ? outer[1].length : Math.min(fits, blocks.length);
  const corner = (block) => [(block % across) * (width + BLOCK_GAP), Math.floor(block / across) * (height + 6)];
  return {
    columns, down, blocks, across, wide, left, top, corner, cutsAcross, cutsDown,
    count: blocks.length * down.length * columns.length,
    width: Math.min(across, blocks.length) * (width + BLOCK_GAP) - BLOCK_GAP,
    height: Math.ceil(blocks.length / across) * (height + 6) - 6,
    x: (column) => left + column * wide + cutsAcross[column] * CUT,
    y: (row) => top + row * CELL_HIGH + cutsDown[row] * CUT,
    rows,
  };
};

// The shape and the strides with each dim in its colour, which its jumps in memory have too.
const dimColour = (theme, dim) => theme.lines[dim % theme.lines.length];
const coloured = (values, theme) => {
  const parts = values.flatMap((value, dim) => {
    const one = element("b", { style: `color:${dimColour(theme, dim)}` }, String(value));
    return dim ? [", ", one] : [one];
  });
  return ["(", ...parts, values.length === 1 ? ",)" : ")"];
};

const numberOf = (text) => (text === "True" ? 1 : text === "False" ? 0 : Number(text.replace("inf", "Infinity")));
const charWide = (wide) => (wide >= 46 ? 7.3 : 6.1); // of the font below
const fitting = (text, wide) => {
  if (text.length * charWide(wide) <= wide - 4) return text.replace("-", "−");
  const value = numberOf(text);
  if (!Number.isNaN(value) && text !== "True" && text !== "False") return cellText(value, 2);
  return `${text.slice(0, Math.max(1, Math.floor((wide - 4) / charWide(wide)) - 1))}…`;
};

// Draws one cell with its number.
const drawCell = (pen, { x, y, wide, text, limit, table, theme, faint, chosen, repeated }) => {
  const value = numberOf(text);
  const colour = [0, 0, 0, 255];
  const pixel = { set: (rgba) => rgba.forEach((part, i) => (colour[i] = part)) };
  paintSigned(pixel, 0, Number.isNaN(value) ? 0 : value / limit, table);
  pen.globalAlpha = faint ? 0.22 : repeated ? 0.45 : 1;
  pen.fillStyle = `rgb(${colour[0]}, ${colour[1]}, ${colour[2]})`;
  pen.fillRect(x, y, wide - 1, CELL_HIGH - 1);
  pen.globalAlpha = 1;
  pen.setLineDash(repeated ? [3, 3] : []);
  pen.strokeStyle = chosen ? theme.primary : theme.border;
  pen.lineWidth = chosen ? 2 : 1;
  const inset = chosen ? 1 : 0.5;
  pen.strokeRect(x + inset, y + inset, wide - 1 - 2 * inset, CELL_HIGH - 1 - 2 * inset);
  pen.setLineDash([]);
  const light = 0.299 * colour[0] + 0.587 * colour[1] + 0.114 * colour[2] > 140;
  pen.fillStyle = faint || repeated ? theme.text : light ? "#10151c" : "#ffffff";
  pen.globalAlpha = faint ? 0.45 : 1;
  pen.fillText(fitting(text, wide), x + (wide - 1) / 2, y + CELL_HIGH / 2);
  pen.globalAlpha = 1;
};

const cellFont = (wide) => `${wide >= 46 ? 12 : 10}px ui-monospace, 'SF Mono', Menlo, Consolas, monospace`;

const createGrid = (host, { onPoint, onPick, onEdit }) => {
  const sign = element("span", { class: "sign", "aria-hidden": "true" });
  const title = element("div", { class: "title" });
  const canvas = element("canvas", { tabindex: 0, role: "application" });
  const scroll = element("div", { class: "scroll" }, canvas);
  const box = element("section", { class: "panel" }, element("div", { class: "body" }, title, scroll));
  host.append(sign, box);
  let panel = null, grid = null, context = null, marks = new Map(), field = null, current = null;

  const indexOf = (at) => {
    const [wide, high] = [grid.columns.length, grid.down.length];
    const block = Math.floor(at / (wide * high));
    const [row, column] = [Math.floor(at / wide) % high, at % wide];
    const last = panel.dims.length > 1 ? [grid.down[row], grid.columns[column]] : panel.dims.length ? [grid.columns[column]] : [];
    return { block, row, column, index: [...grid.blocks[block], ...last] };
  };
  const flatOf = (index) => index.reduce((flat, at, dim) => flat * panel.shape[dim] + at, 0);
  const placeOf = (index) => index.reduce((place, at, dim) => place + at * panel.strides[dim], panel.offset);

  const set = (next, { limit, theme, table, room }) => {
    panel = next;
    marks = new Map(); // of what was there before
    context = { limit, theme, table };
    sign.textContent = panel.sign;
    sign.hidden = !panel.sign;
    const told = [element("b", { class: "name" }, panel.name), " ", element("span", { class: "number" }, ...coloured(panel.shape, theme))];
    told.push(element("span", { class: "quiet" }, ` ${panel.dtype}`));
    if (panel.tag) told.push(element("span", { class: "tag" }, panel.tag));
    const strides = panel.memory === null ? [] : [element("div", { class: "quiet strides" }, `${panel.strideText} `, element("span", { class: "number" }, ...coloured(panel.strides, theme)))];
    title.replaceChildren(element("div", {}, ...told), ...strides);
    canvas.setAttribute("aria-label", panel.label);
    canvas.classList.toggle("editable", panel.editable);
    const signRoom = panel.sign ? 30 : 0;
    grid = layOut(panel, Math.max(CELL_NARROWEST + 30, room - signRoom - 4));
    if (current >= grid.count) current = null;
    closeField();
    draw();
  };

  const draw = () => {
    if (!panel) return;
    const { limit, theme, table } = context;
    const pen = sizeCanvas(canvas, Math.max(grid.width, 40), Math.max(grid.height, grid.count ? 0 : 30));
    pen.textBaseline = "middle";
    if (!grid.count) {
      pen.font = `12px ${theme.font}`;
      pen.fillStyle = theme.text;
      pen.fillText(panel.emptyText, 2, 15);
      return;
    }
    let at = 0;
    grid.blocks.forEach((outer, block) => {
      const [left, top] = grid.corner(block);
      drawIndices(pen, outer, left, top);
      pen.font = cellFont(grid.wide);
      pen.textAlign = "center";
      grid.down.forEach((_, row) => grid.columns.forEach((_, column) => {
        const place = { x: left + grid.x(column), y: top + grid.y(row), wide: grid.wide };
        drawCell(pen, {
          ...place, limit, table, theme, text: panel.texts[at],
          faint: panel.lit !== null && panel.lit[at] === "0", chosen: panel.lit !== null && panel.lit[at] === "1",
          repeated: panel.pale !== null && panel.pale[at] === "1",
        });
        if (panel.tints !== null) {
          pen.fillStyle = dimColour(theme, Number(panel.tints[at]) + 1);
          pen.fillRect(place.x, place.y + CELL_HIGH - 4, grid.wide - 1, 3);
        }
        at += 1;
      }));
    });
    for (const [cell, colour] of marks) {
      const { block, row, column } = indexOf(cell);
      const [left, top] = grid.corner(block);
      pen.strokeStyle = colour;
      pen.lineWidth = 3;
      pen.strokeRect(left + grid.x(column) + 1, top + grid.y(row) + 1, grid.wide - 3, CELL_HIGH - 3);
    }
  };

  const drawIndices = (pen, outer, left, top) => {
    const { theme } = context;
    const [dims, count] = [panel.dims, panel.dims.length];
    if (!count) return;
    pen.font = `10px ${theme.font}`;
    pen.textAlign = "center";
    pen.fillStyle = dimColour(theme, count - 1);
    grid.columns.forEach((index, column) => pen.fillText(index, left + grid.x(column) + grid.wide / 2, top + grid.top - 8));
    if (count > 1) {
      pen.fillStyle = dimColour(theme, count - 2);
      grid.down.forEach((index, row) => pen.fillText(index, left + 10, top + grid.y(row) + CELL_HIGH / 2));
    }
    pen.fillStyle = theme.text;
    grid.cutsAcross.forEach((cut, column) => {
      if (column && cut > grid.cutsAcross[column - 1]) pen.fillText("⋯", left + grid.x(column) - CUT / 2, top + grid.top - 8);
    });
    grid.cutsDown.forEach((cut, row) => {
      if (row && cut > grid.cutsDown[row - 1]) pen.fillText("⋮", left + 10, top + grid.y(row) - CUT / 2);
    });
    if (count < 3) return;
    pen.font = `11px ${theme.font}`;
    pen.textAlign = "left";
    let x = left + grid.left;
    outer.forEach((index, dim) => {
      const text = `${dim ? ", " : "["}${index}${dim === outer.length - 1 ? "]" : ""}`;
      pen.fillStyle = dimColour(theme, dim);
      pen.fillText(text, x, top + 9);
      x += pen.measureText(text).width;
    });
  };

  const under = (event) => {
    if (!grid?.count) return null;
    const bounds = canvas.getBoundingClientRect();
    const [x, y] = [event.clientX - bounds.left, event.clientY - bounds.top];
    for (let at = 0; at < grid.count; at += 1) {
      const { block, row, column } = indexOf(at);
      const [left, top] = grid.corner(block);
      const [dx, dy] = [x - left - grid.x(column), y - top - grid.y(row)];
      if (dx >= 0 && dx < grid.wide && dy >= 0 && dy < CELL_HIGH) return at;
    }
    return null;
  };

  // The number is typed over its cell.
  const closeField = () => {
    const open = field;
    field = null;
    open?.remove();
  };
  const openField = (at) => {
    closeField();
    const { block, row, column, index } = indexOf(at);
    const [left, top] = grid.corner(block);
    field = element("input", { class: "number", inputmode: "decimal", autocomplete: "off", "aria-label": `${panel.name}[${index.join(", ")}]` });
    field.value = panel.texts[at];
    Object.assign(field.style, { left: `${left + grid.x(column)}px`, top: `${top + grid.y(row)}px`, width: `${Math.max(56, grid.wide)}px` });
    const mine = field;
    mine.addEventListener("keydown", (event) => {
      event.stopPropagation();
      if (event.key === "Escape") closeField();
      if (event.key !== "Enter") return;
      const typed = mine.value;
      closeField();
      canvas.focus();
      onEdit(flatOf(index), typed);
    });
    mine.addEventListener("blur", closeField);
    scroll.append(mine);
    mine.focus();
    mine.select();
  };

  const pointTo = (at) => {
    current = at;
    onPoint(at === null ? null : { at, ...indexOf(at) });
  };
  const pick = (at) => {
    pointTo(at);
    if (panel.editable) openField(at);
    else onPick(flatOf(indexOf(at).index));
  };
  canvas.addEventListener("pointermove", (event) => pointTo(under(event)));
  canvas.addEventListener("pointerdown", (event) => pointTo(under(event)));
  canvas.addEventListener("pointerleave", ({ pointerType }) => pointerType !== "touch" && pointTo(null));
  canvas.addEventListener("click", (event) => {
    const at = under(event);
    if (at !== null) pick(at);
  });
  canvas.addEventListener("blur", () => pointTo(null));
  canvas.addEventListener("keydown", (event) => {
    const step = { ArrowLeft: -1, ArrowRight: 1, ArrowUp: -grid.columns.length, ArrowDown: grid.columns.length }[event.key];
    if (step !== undefined && grid.count) {
      event.preventDefault();
      const next = current === null ? 0 : current + step;
      if (next >= 0 && next < grid.count) pointTo(next);
      const { block, column } = indexOf(current ?? 0);
      scroll.scrollLeft = Math.max(0, grid.corner(block)[0] + grid.x(column) - scroll.clientWidth / 2);
    } else if ((event.key === "Enter" || event.key === " ") && current !== null) {
      event.preventDefault();
      pick(current);
    } else if (event.key === "Escape") pointTo(null);
  });

  // `cells`: places among the shown ones, each with its colour.
  const mark = (cells) => {
    if (!cells.size && !marks.size) return;
    marks = cells;
    draw();
  };
  const shownAt = (flat) => {
    for (let at = 0; at < grid.count; at += 1) if (flatOf(indexOf(at).index) === flat) return at;
    return null;
  };
  const all = () => Array.from({ length: grid.count }, (_, at) => at);
  const remove = () => {
    sign.remove();
    box.remove();
  };
  return { set, mark, remove, indexOf, flatOf, placeOf, shownAt, all, redraw: draw, panel: () => panel };
};
