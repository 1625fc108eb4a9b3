// Tiles: the images lie side by side on a sheet at one pixel a pixel; one canvas shows them enlarged.

export default (component, css) => mountView(component, css, createTiles);

const createTiles = (host) => {
  const canvas = element("canvas", { tabindex: 0 });
  const readout = element("div", { class: "readout number" });
  const scaleBar = element("canvas", { class: "scale", "aria-hidden": "true" });
  const scaleNote = element("span", { class: "quiet" });
  const ends = [0, 1, 2].map(() => element("span", { class: "number" }));
  const legend = element(
    "div",
    { class: "legend" },
    element("div", { class: "bar" }, scaleBar, element("div", { class: "ends" }, ...ends)),
    scaleNote,
  );
  host.append(canvas, readout, legend);

  const sheet = element("canvas");
  const pen = sheet.getContext("2d", { willReadFrequently: true });
  let header, floats, grid, send, selected = null, pointed = null, version = 0, timer;

  const tileShape = () => {
    const [, channels, height, width] = header.shape;
    const wide = header.kind === "signed" ? channels * width + channels - 1 : width;
    return { channels, height, width, wide };
  };

  const isLight = () => header.kind === "light";

  // Where the tile's corner is on the sheet.
  const onSheet = (tile) => {
    const { wide, height } = tileShape();
    return [(tile % header.columns) * wide, Math.floor(tile / header.columns) * height];
  };

  const fillSheet = (width, height) => {
    if (sheet.width !== width || sheet.height !== height) Object.assign(sheet, { width, height });
  };

  const paintFloats = () => {
    const [count] = header.shape;
    const { channels, height, width, wide } = tileShape();
    const rows = Math.ceil(count / header.columns);
    fillSheet(header.columns * wide, rows * height);
    const pixels = pen.createImageData(sheet.width, sheet.height);
    const table = signedTable(themeOf(host).dark);
    if (isLight()) paintLight(pixels);
    else for (let tile = 0, at = 0; tile < count; tile += 1) {
      const [left, top] = onSheet(tile);
      for (let c = 0; c < channels; c += 1)
        for (let y = 0; y < height; y += 1)
          for (let x = 0; x < width; x += 1, at += 1) {
            const index = (top + y) * sheet.width + left + c * (width + 1) + x;
            paintSigned(pixels.data, index, floats[at] / header.limits[tile], table);
          }
    }
    pen.putImageData(pixels, 0, 0);
  };

  const paintLight = (pixels) => {
    const [count] = header.shape;
    const { channels, height, width } = tileShape();
    for (let tile = 0; tile < count; tile += 1) {
      const [left, top] = onSheet(tile);
      for (let y = 0; y < height; y += 1)
        for (let x = 0; x < width; x += 1) {
          const bright = (c) => {
            const value = floats[((tile * channels + (c % channels)) * height + y) * width + x];
            return Math.round((255 * value) / header.limits[tile]);
          };
          if (!Number.isNaN(bright(0)))
            pixels.data.set([bright(0), bright(1), bright(2), 255], 4 * ((top + y) * sheet.width + left + x));
        }
    }
  };

  const layout = () => {
    const [count] = header.shape;
    const { wide, height } = tileShape();
    const room = Math.max(80, host.clientWidth);
    const gap = header.columns > 10 ? 3 : 8;
    const least = Math.min(header.captions ? 34 : 22, header.maxTile);
    const columns = Math.max(1, Math.min(header.columns, count, Math.floor((room + gap) / (least + gap))));
    let across = Math.min(header.maxTile, Math.floor((room - gap * (columns - 1)) / columns));
    // Whole device pixels for each pixel keep all of them the same size, where that costs little room.
    const ratio = globalThis.devicePixelRatio || 1;
    const whole = (Math.floor((across * ratio) / wide) * wide) / ratio;
    if (whole >= 0.8 * across) across = whole;
    const down = (across * height) / wide;
    const caption = header.captions ? 20 : 0;
    grid = { gap, columns, across, down, caption, rows: Math.ceil(count / columns) };
    grid.width = columns * (across + gap) - gap + 4;
    grid.height = grid.rows * (down + caption + gap) - gap + 4;
  };

  const cornerOf = (tile) => [
    2 + (tile % grid.columns) * (grid.across + grid.gap),
    2 + Math.floor(tile / grid.columns) * (grid.down + grid.caption + grid.gap),
  ];

  const draw = () => {
    if (!header || !sheet.width) return;
    layout();
    const theme = themeOf(host);
    const context = sizeCanvas(canvas, grid.width, grid.height);
    const { wide, height } = tileShape();
    context.imageSmoothingEnabled = grid.across * (globalThis.devicePixelRatio || 1) < wide;
    context.font = `12px ${theme.font}`;
    context.textAlign = "center";
    context.textBaseline = "alphabetic";
    for (let tile = 0; tile < header.shape[0]; tile += 1) {
      const [left, top] = cornerOf(tile);
      const [x, y] = onSheet(tile);
      context.drawImage(sheet, x, y, wide, height, left, top, grid.across, grid.down);
      context.strokeStyle = theme.border;
      context.lineWidth = 1;
      if (header.kind === "signed" || !theme.dark)
        context.strokeRect(left - 0.5, top - 0.5, grid.across + 1, grid.down + 1);
      if (tile === selected) {
        context.strokeStyle = theme.primary;
        context.lineWidth = 3;
        context.strokeRect(left - 0.5, top - 0.5, grid.across + 1, grid.down + 1);
      }
      if (header.captions) {
        context.fillStyle = theme.text;
        context.fillText(fitted(context, header.captions[tile]), left + grid.across / 2, top + grid.down + 14);
      }
    }
    if (pointed) outline(context, theme);
  };

  const fitted = (context, caption) => {
    let text = caption;
    while (text.length > 1 && context.measureText(text).width > grid.across + grid.gap - 2)
      text = `${text.replace("…", "").slice(0, -1)}…`;
    return text;
  };

  const outline = (context, theme) => {
    const [left, top] = cornerOf(pointed.tile);
    const side = grid.across / tileShape().wide;
    context.lineWidth = 1.5;
    context.strokeStyle = theme.primary;
    context.strokeRect(left + pointed.x * side - 1, top + pointed.y * side - 1, side + 2, side + 2);
  };

  const valueAt = ({ tile, x, y }) => {
    const { channels, height, width } = tileShape();
    if (header.kind === "signed") {
      const [channel, column] = [Math.floor(x / (width + 1)), x % (width + 1)];
      if (column === width) return null;
      const value = floats[((tile * channels + channel) * height + y) * width + column];
      return `[${channel}, ${y}, ${column}] = ${float32Text(value)}`;
    }
    if (isLight()) {
      const found = Array.from({ length: channels }, (_, c) =>
        float32Text(floats[((tile * channels + c) * height + y) * width + x]),
      );
      return channels === 1 ? `[0, ${y}, ${x}] = ${found}` : `[:, ${y}, ${x}] = (${found.join(", ")})`;
    }
    const [left, top] = onSheet(tile);
    const [r, g, b] = pen.getImageData(left + x, top + y, 1, 1).data;
    return channels === 1 ? `[0, ${y}, ${x}] = ${r}` : `[:, ${y}, ${x}] = (${r}, ${g}, ${b})`;
  };

  const point = (at) => {
    const value = at && valueAt(at);
    pointed = value ? at : null;
    const caption = pointed && header.captions ? header.captions[at.tile] : "";
    readout.textContent = pointed ? `${caption} ${value}`.trim() : "\u00a0";
    draw();
  };

  const under = (event) => {
    const box = canvas.getBoundingClientRect();
    const [x, y] = [event.clientX - box.left - 2, event.clientY - box.top - 2];
    const column = Math.floor(x / (grid.across + grid.gap));
    const row = Math.floor(y / (grid.down + grid.caption + grid.gap));
    const tile = row * grid.columns + column;
    const [inX, inY] = [x - column * (grid.across + grid.gap), y - row * (grid.down + grid.caption + grid.gap)];
    if (column < 0 || column >= grid.columns || row < 0 || tile >= header.shape[0]) return null;
    const side = grid.across / tileShape().wide;
    const inside = inX >= 0 && inX < grid.across && inY >= 0 && inY < grid.down;
    return { tile, x: Math.floor(inX / side), y: Math.floor(inY / side), inside };
  };

  const select = (tile) => {
    if (!header.selectable || tile < 0 || tile >= header.shape[0]) return;
    selected = tile;
    canvas.setAttribute("aria-activedescendant", `tile-${tile}`);
    canvas.querySelectorAll("[role=option]").forEach((o, i) => o.setAttribute("aria-selected", i === tile));
    draw();
    clearTimeout(timer);
    timer = setTimeout(() => send("selected", tile), 80); // a held arrow key passes over many tiles
  };

  const STEPS = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };
  canvas.addEventListener("keydown", (event) => {
    const step = STEPS[event.key];
    if (!step) return;
    event.preventDefault();
    if (header.selectable && !event.shiftKey)
      return select(selected === null ? 0 : selected + step[0] + step[1] * grid.columns);
    const { wide, height } = tileShape();
    const from = pointed ?? { tile: selected ?? 0, x: -step[0], y: -step[1] };
    point({
      tile: from.tile,
      x: Math.max(0, Math.min(wide - 1, from.x + step[0])),
      y: Math.max(0, Math.min(height - 1, from.y + step[1])),
    });
  });
  canvas.addEventListener("pointermove", (event) => {
    const at = under(event);
    point(at?.inside ? at : null);
  });
  canvas.addEventListener("pointerleave", () => point(null));
  canvas.addEventListener("click", (event) => {
    const at = under(event);
    if (at) select(at.tile);
  });

  const drawLegend = () => {
    legend.hidden = header.kind === "image";
    if (legend.hidden) return;
    const limit = header.perTile ? "max" : shortNumber(header.limits[0]);
    const texts = isLight() ? ["0", "", limit] : [`−${limit}`, "0", limit];
    texts.forEach((text, i) => (ends[i].textContent = text));
    const across = Math.min(180, host.clientWidth - 2 || 180);
    if (isLight()) {
      const context = sizeCanvas(scaleBar, across, 10);
      const ramp = context.createLinearGradient(0, 0, across, 0);
      ["#000", "#fff"].forEach((tone, end) => ramp.addColorStop(end, tone));
      context.fillStyle = ramp;
      context.fillRect(0, 0, across, 10);
    } else drawSignedBar(scaleBar, across, 10, themeOf(host).dark);
    scaleNote.textContent = header.perTile ? header.texts.tile : "";
  };

  const resized = () => {
    draw();
    if (header) drawLegend();
  };

  const describe = () => {
    canvas.setAttribute("role", header.selectable ? "listbox" : "img");
    canvas.setAttribute("aria-label", header.label);
    canvas.classList.toggle("selectable", header.selectable);
    if (!header.selectable) return;
    canvas.replaceChildren(
      ...Array.from({ length: header.shape[0] }, (_, i) =>
        element(
          "div",
          { role: "option", id: `tile-${i}`, "aria-selected": String(i === selected) },
          header.captions?.[i] ?? String(i + 1),
        ),
      ),
    );
  };

  const update = async ({ header: next, blobs }, component) => {
    const mine = (version += 1);
    send = component.setStateValue;
    let decoded;
    if (next.kind === "image") {
      decoded = await createImageBitmap(new Blob([blobs[0]], { type: "image/png" }));
      if (mine !== version) return decoded.close(); // a newer picture came while this one was decoded
    }
    const fresh = header === undefined;
    header = next;
    if (fresh) selected = header.selected;
    if (selected !== null && selected >= header.shape[0]) selected = null;
    if (decoded) {
      fillSheet(decoded.width, decoded.height);
      pen.drawImage(decoded, 0, 0);
      decoded.close();
    } else {
      floats = new Float32Array(blobs[0]);
      paintFloats();
    }
    describe();
    drawLegend();
    point(pointed && pointed.tile < header.shape[0] ? pointed : null);
    canvas.dataset.version = version;
  };

  return { update, resized, destroy: () => clearTimeout(timer) };
};
