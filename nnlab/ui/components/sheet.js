// A sheet of maps, each drawn once at one pixel a value and shown enlarged; marks lie on a canvas above it.

const SHEET_GAP = 6;

const createSheet = (host, { label, onPoint, onPick, onKey }) => {
  const base = element("canvas", { "aria-hidden": "true" });
  const marks = element("canvas", { class: "marks", role: "img", tabindex: onKey ? 0 : -1 });
  const box = element("div", { class: "sheet" }, base, marks);
  host.append(box);
  const source = element("canvas");
  let shape = null, grid = null, lit = [];

  // count maps of height x width; paint(pixels, index, map, place) colours one pixel of them.
  const set = ({ count, height, width, columns, most, paint }) => {
    const rows = Math.ceil(count / columns);
    shape = { count, height, width, columns, rows, most };
    Object.assign(source, { width: columns * width, height: rows * height });
    const pen = source.getContext("2d");
    const pixels = pen.createImageData(source.width, source.height);
    for (let map = 0; map < count; map += 1) {
      const [left, top] = [(map % columns) * width, Math.floor(map / columns) * height];
      for (let place = 0; place < height * width; place += 1) {
        const y = top + Math.floor(place / width);
        paint(pixels.data, y * source.width + left + (place % width), map, place);
      }
    }
    pen.putImageData(pixels, 0, 0);
    marks.setAttribute("aria-label", label());
    draw();
  };

  const layout = () => {
    const room = Math.max(60, box.parentElement.clientWidth);
    const { count, height, width, columns, most } = shape;
    const fits = Math.max(1, Math.floor((room + SHEET_GAP) / (Math.min(most, 24) + SHEET_GAP)));
    const across = Math.min(columns, fits);
    const widest = Math.min(most, (room - SHEET_GAP * (across - 1)) / across);
    const ratio = globalThis.devicePixelRatio || 1;
    // Whole device pixels a value where there are enough of them, so that all values look the same size.
    const cell = widest * ratio >= 2 * width ? Math.floor((widest * ratio) / width) / ratio : widest / width;
    const down = Math.ceil(count / across);
    grid = { cell, across, wide: cell * width, high: cell * height };
    grid.width = across * (grid.wide + SHEET_GAP) - SHEET_GAP;
    grid.height = down * (grid.high + SHEET_GAP) - SHEET_GAP;
  };

  const corner = (map) => [
    (map % grid.across) * (grid.wide + SHEET_GAP),
    Math.floor(map / grid.across) * (grid.high + SHEET_GAP),
  ];

  const draw = () => {
    if (!shape) return;
    layout();
    const pen = sizeCanvas(base, grid.width, grid.height);
    const { count, height, width, columns } = shape;
    pen.imageSmoothingEnabled = grid.cell * (globalThis.devicePixelRatio || 1) < 1;
    pen.strokeStyle = themeOf(host).border;
    for (let map = 0; map < count; map += 1) {
      const [left, top] = corner(map);
      const [x, y] = [(map % columns) * width, Math.floor(map / columns) * height];
      pen.drawImage(source, x, y, width, height, left, top, grid.wide, grid.high);
      pen.strokeRect(left + 0.5, top + 0.5, grid.wide - 1, grid.high - 1);
    }
    mark(lit);
  };

  // Each mark: {map, cells: [[y, x], ...] or box: [top, left, bottom, right], colour, fill}; none: the whole map.
  const mark = (wanted) => {
    lit = wanted;
    if (!grid) return;
    const pen = sizeCanvas(marks, grid.width, grid.height);
    for (const { map, cells, box: area, colour, fill: shade, line: outline = 2 } of lit) {
      if (map >= shape.count) continue;
      // Outlines of many small cells would cover what is in them.
      const small = cells?.length > 1 && grid.cell < 4;
      const [fill, line] = small ? [shade ?? 0.4, 0] : [shade, outline];
      const [left, top] = corner(map);
      pen.strokeStyle = pen.fillStyle = colour;
      pen.lineWidth = line;
      const whole = [[0, 0, shape.height, shape.width]];
      const boxes = cells ? cells.map(([y, x]) => [y, x, y + 1, x + 1]) : area ? [area] : whole;
      for (const [y0, x0, y1, x1] of boxes) {
        const place = [left + x0 * grid.cell, top + y0 * grid.cell, (x1 - x0) * grid.cell, (y1 - y0) * grid.cell];
        if (fill) {
          pen.globalAlpha = fill;
          pen.fillRect(...place);
          pen.globalAlpha = 1;
        }
        if (line) pen.strokeRect(...place);
      }
    }
  };

  const under = (event) => {
    if (!grid) return null;
    const at = marks.getBoundingClientRect();
    const [x, y] = [event.clientX - at.left, event.clientY - at.top];
    const [column, row] = [Math.floor(x / (grid.wide + SHEET_GAP)), Math.floor(y / (grid.high + SHEET_GAP))];
    const map = row * grid.across + column;
    const inX = Math.floor((x - column * (grid.wide + SHEET_GAP)) / grid.cell);
    const inY = Math.floor((y - row * (grid.high + SHEET_GAP)) / grid.cell);
    const inside = column >= 0 && column < grid.across && row >= 0 && map < shape.count;
    if (!inside || inX < 0 || inY < 0 || inX >= shape.width || inY >= shape.height) return null;
    return { map, y: inY, x: inX };
  };
  const told = (handler) => (event) => handler?.(under(event));
  marks.addEventListener("pointermove", told(onPoint));
  // A finger that was lifted has pointed all the same.
  marks.addEventListener("pointerdown", told(onPoint));
  marks.addEventListener("pointerleave", ({ pointerType }) => pointerType !== "touch" && onPoint?.(null));
  marks.addEventListener("pointercancel", () => onPoint?.(null));
  marks.addEventListener("click", told((at) => at && onPick?.(at)));
  if (onKey) marks.addEventListener("keydown", onKey);
  return { set, draw, mark, box };
};
