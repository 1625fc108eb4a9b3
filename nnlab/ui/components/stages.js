// A drawing on its way to the network: a picture and its numbers for each stage, and a switch for those that can
// be left out. While one draws, the pad says what is new (paths.js); pictures of paths are drawn from the strokes.

export default (component, css) => mountView(component, css, createStages);

const createStages = (host) => {
  const row = element("div", { class: "stages" });
  const readout = element("p", { class: "readout number" });
  host.append(row, readout);
  let header, shown = null, cards = [], component, hovered = null, range = null;

  const makeCards = () => {
    cards = header.cards.map(({ name, switchable }) => {
      const box = element("input", { type: "checkbox", onchange: () => flip(name, box.checked) });
      const title = element("span");
      const head = element(switchable ? "label" : "div", { class: "head" }, ...(switchable ? [box] : []), title);
      const canvas = element("canvas", { class: "picture", role: "img" });
      const numbers = element("div", { class: "numbers number" });
      const bar = name === "normalise" ? element("canvas", { class: "scale" }) : null;
      const ends = name === "normalise" ? element("div", { class: "ends number" }) : null;
      const card = element("figure", { class: `stage ${name}` }, head, canvas, ...(bar ? [bar, ends] : []), numbers);
      if (["ink", "given", "normalise"].includes(name)) {
        canvas.addEventListener("pointermove", (event) => point(canvas, event));
        canvas.addEventListener("pointerleave", () => point(canvas, null));
      }
      return { name, box, title, canvas, numbers, card, bar, ends };
    });
    row.replaceChildren(...cards.map(({ card }) => card));
  };
  const flip = (name, on) => {
    const off = on ? header.off.filter((one) => one !== name) : [...header.off, name];
    component.setStateValue("off", off);
  };

  // Float32 arithmetic as torch's: the quotient of two small integers in float64, rounded, is the float32 one.
  const fed = (value, channel) => {
    const share = Math.fround(value / 255);
    if (header.off.includes("normalise")) return share;
    return Math.fround(Math.fround(share - Math.fround(header.mean[channel])) / Math.fround(header.std[channel]));
  };
  const point = (canvas, event) => {
    hovered = event && shown?.pixels ? { canvas, x: event.offsetX / canvas.clientWidth, y: event.offsetY / canvas.clientHeight } : null;
    read();
  };
  const read = () => {
    if (!hovered || !shown?.pixels) {
      readout.textContent = header.texts.hover;
      return;
    }
    const inked = hovered.canvas.parentElement.classList.contains("ink");
    const [pixels, [channels, rows, columns]] = inked ? [shown.inked, [1, 28, 28]] : [shown.pixels, shown.shape];
    const at = (share, count) => Math.max(0, Math.min(count - 1, Math.floor(share * count)));
    const [r, c] = [at(hovered.y, rows), at(hovered.x, columns)];
    const values = Array.from({ length: channels }, (_, channel) => pixels[channel * rows * columns + r * columns + c]);
    const given = header.mean.map((_, channel) => float32Text(fed(values[channel % channels], channel)));
    const told = inked && !same() ? "" : ` → ${given.join(", ")}`;
    readout.textContent = `[${r}, ${c}]  ${values.join(", ")}${told}`;
  };
  // Whether the inked image is what the network is given, as it is.
  const same = () => !header.cards.some(({ name }) => name === "given");

  const contextOf = (canvas, side) => sizeCanvas(canvas, side, side);
  const blank = (context, side, colour) => {
    context.fillStyle = colour;
    context.fillRect(0, 0, side, side);
  };
  const number = (value, digits = 1) => value.toFixed(digits).replace("-", "−");
  const fill = (template, values) => template.replace(/\{(\w+)\}/g, (_, name) => values[name]);

  const paintDrawn = (context, side, theme) => {
    blank(context, side, theme.raised);
    const { strokes, size, pen } = shown;
    if (!strokes?.length) return [];
    const scale = side / size;
    Object.assign(context, { strokeStyle: theme.text, lineWidth: pen * scale, lineCap: "round", lineJoin: "round" });
    tracePaths(context, strokes, scale / 10, 0, 0);
    const xs = strokes.flatMap((flat) => flat.filter((_, i) => i % 2 === 0).map((x) => x / 10));
    const ys = strokes.flatMap((flat) => flat.filter((_, i) => i % 2).map((y) => y / 10));
    const [left, right, top, bottom] = [xs, ys].flatMap((some) => [some.reduce((a, b) => Math.min(a, b)), some.reduce((a, b) => Math.max(a, b))]);
    frame(context, left * scale, top * scale, (right - left) * scale, (bottom - top) * scale, theme.primary);
    const points = xs.length;
    const lines = [fill(header.texts.counts, { strokes: strokes.length, points })];
    lines.push(`${number(right - left, 0)} × ${number(bottom - top, 0)} px`);
    if (shown.seconds) lines.push(fill(header.texts.seconds, { seconds: number(shown.seconds) }));
    if (shown.pressure != null) lines.push(fill(header.texts.pressure, { percent: number(100 * shown.pressure, 0) }));
    return lines;
  };
  const frame = (context, x, y, w, h, colour) => {
    Object.assign(context, { strokeStyle: colour, lineWidth: 1.5 });
    context.setLineDash([4, 3]);
    context.strokeRect(x, y, w, h);
    context.setLineDash([]);
  };
  // The paths at `place`: scale, shift x, y, low x, y, high x, y, mass x, y; pixel i of 28 reaches from i to i + 1.
  const paintPaths = (context, side, [scale, dx, dy], theme) => {
    blank(context, side, "#000");
    const pixel = side / 28;
    context.strokeStyle = "#ffffff18";
    context.lineWidth = 1;
    context.beginPath();
    for (let i = 1; i < 28; i += 1) {
      context.moveTo(i * pixel, 0);
      context.lineTo(i * pixel, side);
      context.moveTo(0, i * pixel);
      context.lineTo(side, i * pixel);
    }
    context.stroke();
    Object.assign(context, { strokeStyle: "#fff", lineWidth: Math.max(0.5, shown.stages.width * pixel), lineCap: "round", lineJoin: "round" });
    // A drawing that is a dot has no scale: its points all lie where the dot is.
    tracePaths(context, scale ? shown.strokes : [[0, 0]], (scale * pixel) / 10, (dx + 0.5) * pixel, (dy + 0.5) * pixel);
  };
  const paintBox = (context, side, theme) => {
    blank(context, side, "#000");
    if (!shown.stages) return [];
    const place = shown.stages.boxed;
    paintPaths(context, side, place, theme);
    const [scale, , , x0, y0, x1, y1] = place;
    const pixel = side / 28;
    frame(context, (x0 + 0.5) * pixel, (y0 + 0.5) * pixel, (x1 - x0) * pixel, (y1 - y0) * pixel, ACCENT);
    return [`× ${scale.toPrecision(3)}`, `${number(x1 - x0)} × ${number(y1 - y0)} px`];
  };
  const paintCentre = (context, side, theme) => {
    blank(context, side, "#000");
    if (!shown.stages) return [];
    const { boxed, centred } = shown.stages;
    paintPaths(context, side, centred, theme);
    const at = (value) => ((value + 0.5) * side) / 28;
    Object.assign(context, { strokeStyle: ACCENT, fillStyle: ACCENT, lineWidth: 1 });
    context.setLineDash([3, 3]);
    context.beginPath();
    context.moveTo(at(14), 0);
    context.lineTo(at(14), side);
    context.moveTo(0, at(14));
    context.lineTo(side, at(14));
    context.stroke();
    context.setLineDash([]);
    context.beginPath();
    context.arc(at(centred[7]), at(centred[8]), 3.5, 0, 2 * Math.PI);
    context.fill();
    const place = (x, y) => `(${number(x, 2)}, ${number(y, 2)})`;
    const lines = [place(boxed[7], boxed[8])];
    if (!header.off.includes("centre")) lines[0] += " →";
    return [...lines, header.off.includes("centre") ? "" : place(centred[7], centred[8])];
  };
  const paintInk = (canvas) => {
    paintImage(canvas, shown.inked ?? new Uint8Array(784), [1, 28, 28]);
    if (!shown.inked || !shown.stages) return [];
    const inked = shown.inked.filter((value) => value > 0);
    const grey = inked.length ? (100 * inked.filter((value) => value < 255).length) / inked.length : 0;
    const { texts } = header;
    return [fill(texts.pen, { width: number(shown.stages.width) }), fill(texts.inked, { count: inked.length }), fill(texts.grey, { percent: number(grey, 0) })];
  };
  const paintGiven = (canvas) => {
    const shape = shown.shape ?? header.shape;
    paintImage(canvas, shown.pixels ?? new Uint8Array(shape[0] * shape[1] * shape[2]), shape);
    return [header.shape.join(" × "), header.bright ? header.texts.bright : header.texts.dark];
  };
  const paintNormalised = (canvas, theme) => {
    const [channels, rows, columns] = shown.shape ?? header.shape;
    const area = rows * columns;
    if (canvas.width !== columns || canvas.height !== rows) Object.assign(canvas, { width: columns, height: rows });
    const context = canvas.getContext("2d");
    if (!shown.pixels) {
      blank(context, Math.max(rows, columns), theme.raised);
      range = null;
      return moments();
    }
    // The mean over the channels is shown where there are several; the ends are those of all of them.
    const image = context.createImageData(columns, rows);
    const table = signedTable(theme.dark);
    const tables = header.mean.map((_, c) => Float32Array.from({ length: 256 }, (_, value) => fed(value, c)));
    let [low, high] = [Infinity, -Infinity];
    const means = new Float32Array(area);
    tables.forEach((values, c) => {
      const from = (c % channels) * area;
      for (let i = 0; i < area; i += 1) {
        const value = values[shown.pixels[from + i]];
        if (value < low) low = value;
        if (value > high) high = value;
        means[i] += value / tables.length;
      }
    });
    const end = Math.max(Math.abs(low), Math.abs(high)) || 1;
    for (let i = 0; i < area; i += 1) paintSigned(image.data, i, means[i] / end, table);
    context.putImageData(image, 0, 0);
    range = end;
    return [...moments(), fill(header.texts.range, { low: number(low, 3), high: number(high, 3) })];
  };
  const moments = () => {
    if (header.off.includes("normalise")) return [];
    const short = (values) => values.map((value) => number(value, values.length > 1 ? 2 : 4)).join(" ");
    return [`${header.texts.mean} ${short(header.mean)}`, `${header.texts.std} ${short(header.std)}`];
  };

  const paint = () => {
    const theme = themeOf(host);
    for (const { name, box, title, canvas, numbers, card, bar, ends } of cards) {
      const off = header.off.includes(name);
      const side = canvas.parentElement.clientWidth;
      let lines = [];
      if (name === "drawn") lines = paintDrawn(contextOf(canvas, side), side, theme);
      else if (name === "box") lines = paintBox(contextOf(canvas, side), side, theme);
      else if (name === "centre") lines = paintCentre(contextOf(canvas, side), side, theme);
      else if (name === "ink") lines = paintInk(canvas);
      else if (name === "given") lines = paintGiven(canvas);
      else lines = paintNormalised(canvas, theme);
      if (bar) {
        drawSignedBar(bar, side - 2, 8, theme.dark);
        const texts = range === null ? ["−", "0", "+"] : [number(-range, 2), "0", number(range, 2)];
        ends.replaceChildren(...texts.map((text) => element("span", {}, text)));
      }
      box.checked = !off;
      title.textContent = header.titles[name];
      card.title = header.purposes[name];
      card.classList.toggle("off", off);
      const told = [...(off ? [header.instead[name]] : []), ...lines.filter(Boolean)];
      numbers.replaceChildren(...told.map((line) => element("div", {}, line)));
      canvas.setAttribute("aria-label", [header.titles[name], ...told].join(", "));
    }
    read();
  };

  const heard = ({ detail }) => {
    // The image as it was inked comes where it is not the one that the network is given.
    if (!header?.live || detail.seq < header.seq) return;
    shown = detail;
    paint();
  };
  document.addEventListener(STAGES_EVENT, heard);

  const update = ({ header: next, blobs }, given) => {
    component = given;
    const before = JSON.stringify(header?.cards);
    header = next;
    if (before !== JSON.stringify(header.cards)) makeCards();
    if (!shown || !header.live || header.seq >= shown.seq) {
      const { shape, strokes, stages, size, pen, seconds, pressure, seq } = header;
      const pixels = blobs[0].byteLength ? expand(blobs[0], shape[0] * shape[1] * shape[2]) : null;
      const inked = blobs[1].byteLength ? expand(blobs[1], 784) : pixels;
      shown = { pixels, inked, shape, strokes, stages, size, pen, seconds, pressure, seq };
    }
    paint();
  };
  const destroy = () => document.removeEventListener(STAGES_EVENT, heard);
  return { update, resized: () => header && paint(), destroy };
};

const ACCENT = "#ff9f40"; // on black, in both themes
