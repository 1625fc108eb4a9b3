// Live line chart. The view keeps zoom, hidden lines and switches while points arrive.

export default (component, css) => mountView(component, css, createCurves);

const createCurves = (host) => {
  const canvas = element("canvas", { tabindex: 0, role: "img" });
  const tip = element("div", { class: "tip", hidden: true });
  const empty = element("div", { class: "empty quiet" });
  const spoken = element("div", { class: "spoken", role: "status" });
  const legend = element("div", { class: "legend" });
  const smooth = element("input", { type: "range", min: 0, max: 0.99, step: 0.01 });
  const smoothText = element("span");
  const smoothLabel = element("label", { class: "smooth" }, smoothText, smooth);
  const button = (act, text = "") => element("button", { type: "button", onclick: act }, text);
  const log = button(() => setLog(!logY));
  const [into, out, all] = [button(() => zoomBy(0.5), "+"), button(() => zoomBy(2), "−"), button(() => showAll())];
  const zoomTools = element("span", { class: "zoom" }, into, out, all);
  const tools = element("div", { class: "tools" }, smoothLabel, log, zoomTools);
  const plot = element("div", { class: "plot" }, canvas, empty, tip);
  host.append(element("div", { class: "head" }, legend, tools), plot, spoken);

  const lines = new Map();
  const pointers = new Map();
  let header, logY = false, zoom = null, box = null, cursor = null, frame = null, area, pinch = null;

  const shown = () => [...lines.values()].filter((line) => !line.hidden && line.count);
  const scaleY = (value) => (logY ? (value > 0 ? Math.log10(value) : NaN) : value);
  const ink = (line, theme) => theme.lines[line.look.color % theme.lines.length];

  const fullX = () => {
    const [low, high] = [Math.min(...shown().map((l) => l.x[0])), Math.max(...shown().map((l) => l.x[l.count - 1]))];
    return high > low ? [low, high] : [low - 0.5, low + 0.5];
  };

  const rangeOf = () => {
    const [x0, x1] = zoom ? [zoom.x0, zoom.x1] : fullX();
    if (zoom && zoom.y0 !== undefined) return { x0, x1, y0: zoom.y0, y1: zoom.y1 };
    let [y0, y1] = [Infinity, -Infinity];
    for (const line of shown()) {
      const [low, high] = [Math.max(0, firstAt(line, x0) - 1), Math.min(line.count, firstAt(line, x1) + 1)];
      for (let i = low; i < high; i += 1) {
        const y = scaleY(line.y[i]);
        if (y < y0 && Number.isFinite(y)) y0 = y;
        if (y > y1 && Number.isFinite(y)) y1 = y;
      }
    }
    if (y0 > y1) [y0, y1] = [0, 1];
    const pad = y1 > y0 ? 0.05 * (y1 - y0) : 0.05 * Math.abs(y0) || 0.5;
    return { x0, x1, y0: !logY && y0 >= 0 && y0 - pad < 0 ? 0 : y0 - pad, y1: y1 + pad };
  };

  const draw = () => {
    frame = null;
    if (!header) return;
    const theme = themeOf(host);
    const [width, height] = [host.clientWidth, header.height];
    const context = sizeCanvas(canvas, width, height);
    empty.hidden = shown().length > 0;
    if (!empty.hidden) return point(null);
    const range = rangeOf();
    context.font = `12px ${theme.font}`;
    const rows = logY
      ? logTicks(range.y0, range.y1).map((at) => [at, shortNumber(10 ** at)])
      : (({ ticks, digits }) => ticks.map((at) => [at, tickText(at, digits)]))(
          linearTicks(range.y0, range.y1, height / 55),
        );
    const gutter = Math.max(...rows.map(([, text]) => context.measureText(text).width), 20);
    area = { left: gutter + 28, top: 8, right: width - 14, bottom: height - 40, range };
    const toX = (x) => area.left + ((x - range.x0) / (range.x1 - range.x0)) * (area.right - area.left);
    const toY = (y) => area.bottom - ((scaleY(y) - range.y0) / (range.y1 - range.y0)) * (area.bottom - area.top);
    Object.assign(area, { toX, toY });
    drawFrame(context, theme, rows);
    context.save();
    context.beginPath();
    context.rect(area.left - 5, area.top - 5, area.right - area.left + 10, area.bottom - area.top + 10);
    context.clip();
    const inFront = shown().sort((a, b) => Boolean(b.look.faint) - Boolean(a.look.faint)); // faint ones behind
    for (const line of inFront) drawLine(context, theme, line);
    context.restore();
    if (box) {
      context.fillStyle = `${theme.primary}26`;
      context.strokeStyle = theme.primary;
      const at = [Math.min(box.x0, box.x1), Math.min(box.y0, box.y1)];
      const extent = [Math.abs(box.x1 - box.x0), Math.abs(box.y1 - box.y0)];
      context.fillRect(...at, ...extent);
      context.strokeRect(...at, ...extent);
    }
    if (cursor !== null) drawCursor(context, theme);
    canvas.dataset.points = shown().reduce((sum, line) => sum + line.count, 0);
    canvas.dataset.range = [range.x0, range.x1, range.y0, range.y1].join(" ");
    all.disabled = zoom === null;
  };
  const redraw = () => (frame ??= requestAnimationFrame(draw));

  const numberTicks = () => {
    const { left, right, range } = area;
    const { ticks, digits } = linearTicks(range.x0, range.x1, (right - left) / 90);
    return ticks.map((at) => [at, tickText(at, digits)]);
  };
  // As many of the names as fit beside each other, evenly spread.
  const namedTicks = (context) => {
    const { left, right, range } = area;
    const [low, high] = [Math.max(0, Math.ceil(range.x0)), Math.min(header.xNames.length - 1, Math.floor(range.x1))];
    const names = header.xNames.map((name, at) => [at, name]).slice(low, high + 1);
    const widest = Math.max(1, ...names.map(([, name]) => context.measureText(name).width)) + 14;
    const step = Math.max(1, Math.ceil((widest * (range.x1 - range.x0)) / (right - left)));
    return names.filter(([at]) => at % step === 0);
  };

  const drawFrame = (context, theme, rows) => {
    const { left, right, top, bottom, range, toX } = area;
    context.strokeStyle = theme.border;
    context.lineWidth = 1;
    context.fillStyle = theme.text;
    context.textBaseline = "middle";
    context.textAlign = "right";
    for (const [at, text] of rows) {
      const y = bottom - ((at - range.y0) / (range.y1 - range.y0)) * (bottom - top);
      context.globalAlpha = 0.6;
      context.beginPath();
      context.moveTo(left, Math.round(y) + 0.5);
      context.lineTo(right, Math.round(y) + 0.5);
      context.stroke();
      context.globalAlpha = 0.85;
      context.fillText(text, left - 7, y);
    }
    context.textBaseline = "top";
    context.textAlign = "center";
    for (const [at, text] of header.xNames ? namedTicks(context) : numberTicks()) {
      const half = context.measureText(text).width / 2;
      context.fillText(text, Math.min(toX(at), right + 12 - half), bottom + 7);
    }
    context.globalAlpha = 1;
    context.fillText(header.xLabel, (left + right) / 2, bottom + 24);
    context.save();
    context.translate(2, (top + bottom) / 2);
    context.rotate(-Math.PI / 2);
    context.fillText(header.yLabel, 0, 0);
    context.restore();
  };

  const drawLine = (context, theme, line) => {
    const { range, toX, toY } = area;
    const low = Math.max(0, firstAt(line, range.x0) - 1);
    const high = Math.min(line.count, firstAt(line, range.x1) + 1);
    if (high <= low) return;
    const weight = line.look.smooth ? Number(smooth.value) : 0;
    context.strokeStyle = context.fillStyle = ink(line, theme);
    context.lineJoin = "round";
    context.setLineDash(DASHES[line.look.dash]);
    context.lineWidth = line.look.faint ? 1.2 : 2;
    context.globalAlpha = weight > 0 ? 0.25 : line.look.faint ? 0.55 : 1;
    tracePath(context, line, line.y, low, high, toX, toY);
    if (weight > 0) {
      context.globalAlpha = line.look.faint ? 0.55 : 1;
      tracePath(context, line, smoothed(line, weight), low, high, toX, toY);
    }
    context.setLineDash([]);
    if (line.look.marker !== "none" && high - low < (area.right - area.left) / 6)
      for (let i = low; i < high; i += 1)
        if (Number.isFinite(toY(line.y[i]))) drawMarker(context, line.look.marker, toX(line.x[i]), toY(line.y[i]), 3.5);
    context.globalAlpha = 1;
  };

  const drawCursor = (context, theme) => {
    const x = Math.round(area.toX(cursor)) + 0.5;
    context.strokeStyle = theme.text;
    context.globalAlpha = 0.5;
    context.beginPath();
    context.moveTo(x, area.top);
    context.lineTo(x, area.bottom);
    context.stroke();
    context.globalAlpha = 1;
    for (const line of shown()) {
      const at = nearestTo(line, cursor);
      context.fillStyle = ink(line, theme);
      if (Number.isFinite(area.toY(line.y[at])))
        drawMarker(context, "circle", area.toX(line.x[at]), area.toY(line.y[at]), 4);
    }
  };

  // The crosshair goes to the point nearest to `x`; the values beside it are exact.
  const point = (x) => {
    cursor = null;
    tip.hidden = true;
    if (x === null || !shown().length) return;
    const nearest = shown().map((line) => line.x[nearestTo(line, x)]);
    cursor = nearest.reduce((best, one) => (Math.abs(one - x) < Math.abs(best - x) ? one : best));
    const theme = themeOf(host);
    const rows = shown().map((line) => {
      const at = nearestTo(line, cursor);
      const where = line.x[at] === cursor ? "" : ` (${exact(line.x[at])})`;
      const swatch = element("i");
      swatch.style.background = ink(line, theme);
      return element("div", {}, swatch, `${line.name} `, element("b", {}, exact(line.y[at])), where);
    });
    const heading = header.xNames?.[cursor] ?? `${header.xLabel} ${exact(cursor)}`;
    tip.replaceChildren(element("div", { class: "quiet" }, heading), ...rows);
    tip.hidden = false;
    const left = area.toX(cursor);
    const beside = left + 12 + tip.offsetWidth < host.clientWidth ? left + 12 : left - 12 - tip.offsetWidth;
    tip.style.left = `${Math.max(0, beside)}px`;
  };

  const exact = (value) => (Math.fround(value) === value ? float32Text(value) : String(value));

  const zoomTo = (x0, x1, y) => {
    if (!(x1 > x0)) return;
    zoom = { x0, x1, ...(y ? { y0: y[0], y1: y[1] } : {}) };
    redraw();
  };
  const zoomBy = (factor, about = null) => {
    if (!shown().length || !area) return;
    const { x0, x1, y0, y1 } = area.range;
    const middle = about ?? cursor ?? (x0 + x1) / 2;
    const [low, high] = fullX();
    const [from, to] = [middle - (middle - x0) * factor, middle + (x1 - middle) * factor];
    if (from <= low && to >= high) return showAll();
    zoomTo(Math.max(low, from), Math.min(high, to), zoom?.y0 === undefined ? null : [y0, y1]);
  };
  const showAll = () => {
    zoom = null;
    redraw();
  };
  const setLog = (on) => {
    if (on !== logY && zoom) zoom = { x0: zoom.x0, x1: zoom.x1 };
    logY = on;
    log.setAttribute("aria-pressed", on);
    redraw();
  };

  const toData = (px) => area.range.x0 + ((px - area.left) / (area.right - area.left)) * (area.range.x1 - area.range.x0);
  const toDataY = (py) =>
    area.range.y0 + ((area.bottom - py) / (area.bottom - area.top)) * (area.range.y1 - area.range.y0);
  const place = (event) => {
    const edge = canvas.getBoundingClientRect();
    return [event.clientX - edge.left, event.clientY - edge.top];
  };

  canvas.addEventListener("pointerdown", (event) => {
    if (!area || !shown().length) return;
    canvas.setPointerCapture(event.pointerId);
    pointers.set(event.pointerId, place(event));
    if (pointers.size === 2) {
      const [a, b] = [...pointers.values()].map(([x]) => x);
      pinch = { apart: Math.max(12, Math.abs(a - b)), middle: toData((a + b) / 2), ...area.range };
      box = null;
    } else if (event.pointerType !== "touch" && event.button === 0) {
      const [x, y] = place(event);
      box = { x0: x, y0: y, x1: x, y1: y };
    }
  });
  canvas.addEventListener("pointermove", (event) => {
    if (!area || !shown().length) return;
    const [x, y] = place(event);
    if (pointers.has(event.pointerId)) pointers.set(event.pointerId, [x, y]);
    if (pinch && pointers.size === 2) {
      const [a, b] = [...pointers.values()].map(([px]) => px);
      const factor = pinch.apart / Math.max(12, Math.abs(a - b));
      zoomTo(pinch.middle - (pinch.middle - pinch.x0) * factor, pinch.middle + (pinch.x1 - pinch.middle) * factor);
    } else if (box) Object.assign(box, { x1: x, y1: y });
    point(box || x < area.left - 8 ? null : toData(x));
    redraw();
  });
  const released = (event) => {
    pointers.delete(event.pointerId);
    if (pointers.size < 2) pinch = null;
    if (!box) return;
    const [xs, ys] = [[box.x0, box.x1].sort((p, q) => p - q), [box.y0, box.y1].sort((p, q) => q - p)];
    box = null;
    const tall = ys[0] - ys[1] > 14;
    if (event.type === "pointerup" && xs[1] - xs[0] > 6)
      zoomTo(toData(xs[0]), toData(xs[1]), tall ? ys.map(toDataY) : null);
    redraw();
  };
  canvas.addEventListener("pointerup", released);
  canvas.addEventListener("pointercancel", released);
  canvas.addEventListener("pointerleave", () => {
    point(null);
    redraw();
  });
  canvas.addEventListener("dblclick", showAll);
  // The page scrolls as ever; only a chart that was clicked or tabbed to, or a pinch on a touchpad, zooms.
  canvas.addEventListener(
    "wheel",
    (event) => {
      if (!area || (!event.ctrlKey && host.getRootNode().activeElement !== canvas)) return;
      event.preventDefault();
      zoomBy(1.0015 ** Math.max(-240, Math.min(240, event.deltaY)), toData(place(event)[0]));
    },
    { passive: false },
  );
  canvas.addEventListener("keydown", (event) => {
    const step = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
    if (event.key === "+" || event.key === "=") zoomBy(0.5);
    else if (event.key === "-") zoomBy(2);
    else if (event.key === "0" || event.key === "Escape") showAll();
    else if (step && shown().length && area) {
      const { x0, x1 } = rangeOf(); // `area` is of the last frame, and keys may be faster
      const line = shown().reduce((most, one) => (one.count > most.count ? one : most));
      const at = cursor === null ? (step > 0 ? firstAt(line, x0) : firstAt(line, x1)) : nearestTo(line, cursor) + step;
      const x = line.x[Math.max(0, Math.min(line.count - 1, at))];
      if (zoom && (x < x0 || x > x1)) zoomTo(x0 + x - (cursor ?? x), x1 + x - (cursor ?? x), null);
      point(x);
      spoken.textContent = tip.textContent;
      redraw();
    } else return;
    event.preventDefault();
  });
  smooth.addEventListener("input", redraw);

  const drawLegend = () => {
    const theme = themeOf(host);
    legend.replaceChildren(
      ...[...lines.values()].map((line) => {
        const sample = element("canvas", { "aria-hidden": "true" });
        const context = sizeCanvas(sample, 26, 12);
        context.strokeStyle = context.fillStyle = ink(line, theme);
        context.lineWidth = 2;
        context.globalAlpha = line.look.faint ? 0.6 : 1;
        context.setLineDash(DASHES[line.look.dash]);
        context.stroke(new Path2D("M0 6H26"));
        if (line.look.marker !== "none") drawMarker(context, line.look.marker, 13, 6, 3.5);
        const toggle = () => {
          line.hidden = !line.hidden;
          item.setAttribute("aria-pressed", !line.hidden);
          redraw();
        };
        const item = element("button", { type: "button", "aria-pressed": String(!line.hidden), onclick: toggle });
        item.append(sample, line.name);
        return item;
      }),
    );
  };

  const update = ({ header: next, blobs }, component) => {
    if (!header) {
      smooth.value = next.smoothing;
      setLog(next.logY);
    }
    header = next;
    let whole = true;
    const before = [...lines.values()];
    for (const name of lines.keys()) if (!next.series.some((one) => one.name === name)) lines.delete(name);
    next.series.forEach((one, at) => {
      const line = lines.get(one.name) ?? createLine();
      const [xs, ys] = [readNumbers(blobs[2 * at], one.x), readNumbers(blobs[2 * at + 1], one.y)];
      whole = takePoints(line, one.from, xs, ys) && whole;
      Object.assign(line, { name: one.name, look: one });
      lines.delete(one.name); // and again at the end: the order is Python's
      lines.set(one.name, line);
    });
    // Asked for at every update that leaves a gap: an answer may be lost as well, when the page shows only
    // the last of several that came together.
    if (!whole) component.setTriggerValue("resend", true);
    const look = JSON.stringify([next.series.map(({ from, count, x, y, ...rest }) => rest), themeOf(host)]);
    if (look !== legend.dataset.look || before.some((line, i) => [...lines.values()][i] !== line)) {
      legend.dataset.look = look;
      drawLegend();
    }
    log.textContent = next.texts.log;
    all.textContent = next.texts.all;
    empty.textContent = next.texts.empty;
    smoothText.textContent = next.texts.smooth;
    smoothLabel.hidden = !next.series.some((one) => one.smooth);
    [[into, next.texts.in], [out, next.texts.out]].forEach(([one, text]) => one.setAttribute("aria-label", text));
    canvas.setAttribute("aria-label", `${next.yLabel} / ${next.xLabel}: ${shown().map((l) => l.name).join(", ")}`);
    if (cursor !== null && !tip.hidden) point(cursor);
    redraw();
  };

  return { update, resized: redraw, destroy: () => cancelAnimationFrame(frame) };
};
