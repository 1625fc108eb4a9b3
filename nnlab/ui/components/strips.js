// Strips: rows of values over the same columns, one strip under another. Each strip is drawn once at one
// pixel a value and shown enlarged.

export default (component, css) => mountView(component, css, createStrips);

const GAP = 8; // between two strips
const TOP = 20; // for the labels of the columns
const LOWEST = 20; // CSS pixels of a strip
const ROOM = 560; // for all strips, where they have many rows

const createStrips = (host) => {
  const canvas = element("canvas", { tabindex: 0 });
  const readout = element("div", { class: "readout number", "aria-live": "polite" });
  const scaleBar = element("canvas", { class: "scale", "aria-hidden": "true" });
  const ends = ["−", "0", "+"].map((text) => element("span", { class: "number" }, text));
  const note = element("span", { class: "quiet" });
  const bar = element("div", { class: "bar" }, scaleBar, element("div", { class: "ends" }, ...ends));
  const legend = element("div", { class: "legend" }, bar, note);
  host.append(canvas, readout, legend);
  let header, values = [], sheets = [], grid = null, selected = null, pointed = null, send, timer = null;

  const columns = () => header.labels.length;
  const valueAt = ({ strip, column, row }) => values[strip][row * columns() + column];

  const paint = () => {
    const table = signedTable(themeOf(host).dark);
    sheets = header.strips.map(({ rows, limit }, at) => {
      const sheet = element("canvas", { width: columns(), height: rows });
      const pen = sheet.getContext("2d");
      const pixels = pen.createImageData(columns(), rows);
      values[at].forEach((value, index) => paintSigned(pixels.data, index, value / limit, table));
      pen.putImageData(pixels, 0, 0);
      return sheet;
    });
  };

  const layout = (context) => {
    const room = Math.max(120, host.clientWidth) - 4;
    const texts = header.strips.flatMap(({ name, limit }) => [name, `±${shortNumber(limit)}`]);
    const names = Math.max(...texts.map((text) => context.measureText(text).width)) + 10;
    const left = Math.min(names, room * 0.35);
    const ratio = globalThis.devicePixelRatio || 1;
    const widest = Math.min(header.maxCell, (room - left) / columns());
    // Whole device pixels a column where there are enough of them, so that all look the same.
    const wide = widest * ratio >= 2 ? Math.floor(widest * ratio) / ratio : widest;
    let top = TOP;
    const highest = Math.min(200, ROOM / header.strips.length);
    const places = header.strips.map(({ rows }) => {
      const high = Math.max(Math.min(wide, 24, highest / rows), LOWEST / rows);
      const place = { top, high, rows };
      top += high * rows + Math.max(GAP, 34 - high * rows);
      return place;
    });
    grid = { left, wide, places, width: left + wide * columns() + 3, height: top };
  };

  const luminance = (value, limit, table) => {
    const step = 3 * (255 + Math.round(255 * Math.max(-1, Math.min(1, value / limit))));
    return 0.2126 * table[step] + 0.7152 * table[step + 1] + 0.0722 * table[step + 2];
  };

  const fitted = (context, text, room) => {
    let short = text;
    while (short.length > 1 && context.measureText(short).width > room)
      short = `${short.replace("…", "").slice(0, -1)}…`;
    return short;
  };

  const drawNumbers = (context, { top, high, rows }, at, table) => {
    if (grid.wide < 38 || high < 13) return;
    context.font = `${high < 16 ? 10 : 11}px ui-monospace, monospace`;
    context.textAlign = "center";
    for (let row = 0; row < rows; row += 1)
      for (let column = 0; column < columns(); column += 1) {
        const value = valueAt({ strip: at, column, row });
        if (Number.isNaN(value)) continue;
        context.fillStyle = luminance(value, header.strips[at].limit, table) > 115 ? "#10161d" : "#ffffff";
        context.fillText(cellText(value, 2), grid.left + (column + 0.5) * grid.wide, top + (row + 0.5) * high);
      }
  };

  const drawLabels = (context) => {
    const longest = Math.max(...header.labels.map((text) => context.measureText(text).width)) + 6;
    const every = grid.wide >= 30 ? 1 : Math.ceil(longest / grid.wide);
    context.textAlign = "center";
    for (let column = 0; column < columns(); column += every) {
      const text = fitted(context, header.labels[column], every * grid.wide - 2);
      context.fillText(text, grid.left + (column + 0.5) * grid.wide, TOP / 2);
    }
  };

  const draw = () => {
    if (!header) return;
    const theme = themeOf(host);
    const table = signedTable(theme.dark);
    const probe = canvas.getContext("2d");
    probe.font = `12px ${theme.font}`;
    layout(probe);
    const context = sizeCanvas(canvas, grid.width, grid.height);
    const plain = () => {
      context.font = `12px ${theme.font}`;
      context.fillStyle = theme.text;
      context.textBaseline = "middle";
    };
    plain();
    drawLabels(context);
    header.strips.forEach(({ name, limit }, at) => {
      const { top, high, rows } = grid.places[at];
      const [wide, tall] = [grid.wide * columns(), high * rows];
      context.imageSmoothingEnabled = Math.min(grid.wide, high) * (globalThis.devicePixelRatio || 1) < 1;
      context.drawImage(sheets[at], grid.left, top, wide, tall);
      context.strokeStyle = theme.border;
      context.lineWidth = 1;
      context.strokeRect(grid.left - 0.5, top - 0.5, wide + 1, tall + 1);
      drawNumbers(context, grid.places[at], at, table);
      plain();
      context.textAlign = "left";
      const middle = top + tall / 2;
      context.fillText(fitted(context, name, grid.left - 4), 0, middle - 7);
      context.globalAlpha = 0.72;
      context.fillText(`±${shortNumber(limit)}`, 0, middle + 8);
      context.globalAlpha = 1;
    });
    outline(context, theme);
  };

  const outline = (context, theme) => {
    context.strokeStyle = theme.primary;
    const first = grid.places[0].top;
    const last = grid.places.at(-1);
    const tall = last.top + last.high * last.rows - first;
    const column = (at, line) => {
      context.lineWidth = line;
      context.strokeRect(grid.left + at * grid.wide - 1, first - 2, grid.wide + 2, tall + 4);
    };
    const cell = ({ strip, column: x, row }, line) => {
      const { top, high } = grid.places[strip];
      context.lineWidth = line;
      context.strokeRect(grid.left + x * grid.wide - 1, top + row * high - 1, grid.wide + 2, high + 2);
    };
    for (const at of header.marked) column(at, 1.5);
    if (selected) {
      column(selected[0], header.strips.some(({ units }) => units) ? 1.5 : 3);
      header.strips.forEach(({ units }, strip) => units && cell({ strip, column: selected[0], row: selected[1] }, 3));
    }
    if (pointed) cell(pointed, 1.5);
  };

  const point = (at) => {
    pointed = at;
    if (at) {
      const { name, rows } = header.strips[at.strip];
      const place = rows > 1 ? `${header.labels[at.column]}, ${at.row}` : header.labels[at.column];
      readout.textContent = `${name} [${place}] = ${float32Text(valueAt(at))}`;
    } else readout.textContent = "\u00a0";
    draw();
  };

  const under = (event) => {
    const box = canvas.getBoundingClientRect();
    const column = Math.floor((event.clientX - box.left - grid.left) / grid.wide);
    const y = event.clientY - box.top;
    const strip = grid.places.findIndex(({ top, high, rows }) => y >= top && y < top + high * rows);
    if (column < 0 || column >= columns() || strip < 0) return null;
    const { top, high, rows } = grid.places[strip];
    return { strip, column, row: Math.min(rows - 1, Math.floor((y - top) / high)) };
  };

  const select = ({ strip, column, row }) => {
    if (!header.selectable) return;
    selected = [column, header.strips[strip].units ? row : (selected?.[1] ?? 0)];
    draw();
    clearTimeout(timer); // a held arrow key passes over many columns
    timer = setTimeout(() => {
      timer = null;
      send("selected", selected);
    }, 80);
  };

  // The arrow keys walk over all strips as over one table.
  const STEPS = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };
  const start = () => {
    const strip = Math.max(0, header.strips.findIndex(({ units }) => units));
    return { strip, column: selected?.[0] ?? 0, row: header.strips[strip].units ? (selected?.[1] ?? 0) : 0 };
  };
  canvas.addEventListener("keydown", (event) => {
    const step = STEPS[event.key];
    if (!step) return;
    event.preventDefault();
    let { strip, column, row } = pointed ?? start();
    column = Math.max(0, Math.min(columns() - 1, column + step[0]));
    row += step[1];
    if (row < 0) [strip, row] = strip > 0 ? [strip - 1, header.strips[strip - 1].rows - 1] : [strip, 0];
    else if (row >= header.strips[strip].rows)
      [strip, row] = strip + 1 < header.strips.length ? [strip + 1, 0] : [strip, row - 1];
    point({ strip, column, row });
    select(pointed);
  });
  canvas.addEventListener("pointermove", (event) => point(under(event)));
  canvas.addEventListener("pointerleave", () => point(null));
  canvas.addEventListener("click", (event) => {
    const at = under(event);
    if (at) select(at);
  });

  const resized = () => {
    draw();
    if (header) drawSignedBar(scaleBar, Math.min(180, host.clientWidth - 2 || 180), 10, themeOf(host).dark);
  };

  const update = ({ header: next, blobs }, component) => {
    send = component.setStateValue;
    header = next;
    values = blobs.map((blob) => new Float32Array(blob));
    if (timer === null) selected = header.selected; // what was selected a moment ago is still on its way
    canvas.setAttribute("role", header.selectable ? "application" : "img");
    canvas.setAttribute("aria-label", header.label);
    canvas.classList.toggle("selectable", header.selectable);
    legend.hidden = !header.legend;
    note.textContent = header.texts.scale;
    const there = pointed && pointed.strip < values.length && pointed.column < columns();
    paint();
    point(there && pointed.row < header.strips[pointed.strip].rows ? pointed : null);
    resized();
    canvas.dataset.version = Number(canvas.dataset.version ?? 0) + 1;
  };

  return { update, resized, destroy: () => clearTimeout(timer) };
};
