// Descents on a loss of two parameters: the map with their trails, a table of where each stands, charts over
// the steps, all at one step that plays. Where the start can be moved, by pointer or keys, Python is told.

export default (component, css) => mountView(component, css, createDescent);

const EDGE = { left: 40, right: 14, top: 8, bottom: 26 };

const createDescent = (host) => {
  const canvas = element("canvas", { tabindex: 0 });
  const readout = element("div", { class: "readout", "aria-live": "polite" });
  const bar = element("canvas", { class: "scale", "aria-hidden": "true" });
  const ends = [0, 1].map(() => element("span", { class: "number" }));
  const barName = element("span", { class: "quiet" });
  const legend = element("div", { class: "legend" }, barName, ends[0], bar, ends[1]);
  const map = element("div", { class: "map" }, canvas, readout, legend);
  const table = element("table", {});
  const side = element("div", { class: "side" }, table);
  const charts = [];
  const chartBox = element("div", { class: "charts" });
  const player = createPlayer((step) => toStep(step), (step) => header?.steppable && tell("step", step));
  host.append(element("div", { class: "board" }, map, side), player.box, chartBox);
  let header, grid, trails = [], start = null, dragging = false, send, timer = null, told = {}, place, sheet = null;
  let played = null, pointed = null;

  const tell = (name, value) => {
    if (JSON.stringify(told[name]) === JSON.stringify(value)) return;
    told[name] = value;
    send(name, value);
  };

  const layout = () => {
    const [[x0, x1], [y0, y1]] = header.bounds;
    const ratio = (x1 - x0) / (y1 - y0);
    const room = Math.max(160, map.clientWidth) - EDGE.left - EDGE.right;
    const wide = Math.round(Math.min(room, (header.height - EDGE.top - EDGE.bottom) * ratio));
    const high = Math.round(wide / ratio);
    place = {
      wide, high,
      toX: (x) => EDGE.left + ((x - x0) / (x1 - x0)) * wide,
      toY: (y) => EDGE.top + (1 - (y - y0) / (y1 - y0)) * high,
      fromX: (px) => x0 + ((px - EDGE.left) / wide) * (x1 - x0),
      fromY: (py) => y0 + (1 - (py - EDGE.top) / high) * (y1 - y0),
    };
  };

  const relief = (theme) => {
    const ratio = Math.min(2, globalThis.devicePixelRatio || 1);
    const [w, h] = [Math.round(place.wide * ratio), Math.round(place.high * ratio)];
    if (sheet?.of !== grid || sheet.w !== w || sheet.h !== h || sheet.dark !== theme.dark)
      sheet = { of: grid, w, h, dark: theme.dark, canvas: drawRelief(grid, header.grid, header.levels, w, h, theme.dark) };
    return sheet.canvas;
  };

  const draw = () => {
    if (!header) return;
    const theme = themeOf(host);
    const { wide, high, toX, toY } = place;
    const context = sizeCanvas(canvas, wide + EDGE.left + EDGE.right, high + EDGE.top + EDGE.bottom);
    context.imageSmoothingEnabled = true;
    context.drawImage(relief(theme), EDGE.left, EDGE.top, wide, high);
    drawAxes(context, theme);
    context.save();
    context.beginPath();
    context.rect(EDGE.left, EDGE.top, wide, high);
    context.clip();
    context.strokeStyle = theme.text;
    context.lineWidth = 1.5;
    for (const [x, y] of header.minima) {
      context.beginPath();
      context.moveTo(toX(x) - 4, toY(y) - 4);
      context.lineTo(toX(x) + 4, toY(y) + 4);
      context.moveTo(toX(x) + 4, toY(y) - 4);
      context.lineTo(toX(x) - 4, toY(y) + 4);
      context.stroke();
    }
    const step = player.at();
    // Those that shot off cross the whole map, so they lie below the others.
    const inFront = [...trails].sort((a, b) => (a.diverged === null) - (b.diverged === null));
    for (const trail of inFront) drawTrail(context, theme, trail, Math.min(step, trail.count - 1));
    if (pointed?.trail) {
      const { trail, at } = pointed;
      context.strokeStyle = theme.text;
      context.lineWidth = 2;
      context.beginPath();
      context.arc(toX(trail.points[2 * at]), toY(trail.points[2 * at + 1]), 7, 0, 2 * Math.PI);
      context.stroke();
    }
    context.restore();
    drawStart(context, theme);
  };

  const drawAxes = (context, theme) => {
    const { wide, high, toX, toY } = place;
    context.font = `12px ${theme.font}`;
    context.fillStyle = theme.text;
    context.strokeStyle = theme.border;
    context.lineWidth = 1;
    context.strokeRect(EDGE.left - 0.5, EDGE.top - 0.5, wide + 1, high + 1);
    context.textAlign = "center";
    context.textBaseline = "top";
    const [[x0, x1], [y0, y1]] = header.bounds;
    const across = linearTicks(x0, x1, wide / 70);
    for (const at of across.ticks) context.fillText(tickText(at, across.digits), toX(at), EDGE.top + high + 5);
    context.textAlign = "right";
    context.textBaseline = "middle";
    const up = linearTicks(y0, y1, high / 50);
    for (const at of up.ticks) context.fillText(tickText(at, up.digits), EDGE.left - 6, toY(at));
  };

  const drawTrail = (context, theme, { points, look, diverged }, last) => {
    const { toX, toY } = place;
    const path = new Path2D();
    for (let at = 0; at <= last; at += 1) {
      const [x, y] = [toX(points[2 * at]), toY(points[2 * at + 1])];
      if (Number.isFinite(x) && Number.isFinite(y)) path.lineTo(Math.max(-1e5, Math.min(1e5, x)), Math.max(-1e5, Math.min(1e5, y)));
    }
    context.lineJoin = "round";
    context.strokeStyle = theme.background;
    context.globalAlpha = 0.7;
    context.lineWidth = 4.5;
    context.stroke(path);
    context.globalAlpha = 1;
    context.strokeStyle = context.fillStyle = theme.lines[look.color % theme.lines.length];
    context.lineWidth = diverged === null ? 2.2 : 1.2;
    context.setLineDash(DASHES[look.dash]);
    context.stroke(path);
    context.setLineDash([]);
    const [x, y] = [toX(points[2 * last]), toY(points[2 * last + 1])];
    drawMarker(context, look.marker, x, y, 5.5);
    context.strokeStyle = theme.background;
    context.lineWidth = 1;
    context.stroke(); // the rim of the marker
  };

  const drawStart = (context, theme) => {
    if (!start) return;
    const [x, y] = [place.toX(start[0]), place.toY(start[1])];
    context.strokeStyle = theme.background;
    context.lineWidth = 5;
    const ring = () => {
      context.beginPath();
      context.arc(x, y, 8, 0, 2 * Math.PI);
      context.stroke();
    };
    ring();
    context.strokeStyle = theme.text;
    context.lineWidth = 2;
    ring();
  };

  const valueAt = ([x, y]) => {
    const [[x0, x1], [y0, y1]] = header.bounds;
    return reliefValue(grid, header.grid, (x - x0) / (x1 - x0), (y - y0) / (y1 - y0));
  };

  const nearest = (px, py) => {
    let best = null, least = 12 ** 2;
    const step = player.at();
    for (const trail of trails)
      for (let at = 0; at <= Math.min(step, trail.count - 1); at += 1) {
        const apart = (place.toX(trail.points[2 * at]) - px) ** 2 + (place.toY(trail.points[2 * at + 1]) - py) ** 2;
        if (apart < least) [best, least] = [{ trail, at }, apart];
      }
    return best;
  };

  const idle = () => (header.draggable ? header.texts.drag : "\u00a0");
  const point = (at) => {
    pointed = at;
    if (at?.trail) {
      const { trail, at: step } = at;
      const [x, y] = trail.points.subarray(2 * step, 2 * step + 2);
      readout.textContent = `${trail.name}, ${header.texts.step} ${step}: x = ${float32Text(x)}, y = ${float32Text(y)}, f = ${float32Text(trail.losses[step])}`;
    } else if (at) {
      const [x, y] = at.place;
      readout.textContent = `x = ${x.toPrecision(3)}, y = ${y.toPrecision(3)}, f ≈ ${shortNumber(valueAt(at.place))}`;
    } else readout.textContent = idle();
    draw();
  };

  const rounded = (value, [low, high]) => {
    const unit = 10 ** Math.floor(Math.log10((high - low) / 200));
    return Number((Math.round(Math.max(low, Math.min(high, value)) / unit) * unit).toPrecision(6));
  };
  const moveStart = (x, y) => {
    start = [rounded(x, header.bounds[0]), rounded(y, header.bounds[1])];
    pointed = null;
    readout.textContent = `${header.texts.start}: x = ${start[0]}, y = ${start[1]}, f ≈ ${shortNumber(valueAt(start))}`;
    draw();
  };
  const release = () => {
    dragging = false;
    clearTimeout(timer);
    timer = null;
    tell("start", start);
  };

  const under = (event) => {
    const box = canvas.getBoundingClientRect();
    return [event.clientX - box.left, event.clientY - box.top];
  };
  const inside = (px, py) =>
    px >= EDGE.left && px <= EDGE.left + place.wide && py >= EDGE.top && py <= EDGE.top + place.high;

  canvas.addEventListener("pointerdown", (event) => {
    const [px, py] = under(event);
    if (!header.draggable || !inside(px, py)) return;
    canvas.setPointerCapture(event.pointerId);
    dragging = true;
    moveStart(place.fromX(px), place.fromY(py));
  });
  canvas.addEventListener("pointermove", (event) => {
    const [px, py] = under(event);
    if (dragging) return moveStart(place.fromX(px), place.fromY(py));
    if (!inside(px, py)) return point(null);
    point(nearest(px, py) ?? { place: [place.fromX(px), place.fromY(py)] });
  });
  canvas.addEventListener("pointerup", () => dragging && release());
  canvas.addEventListener("pointercancel", () => dragging && release());
  canvas.addEventListener("pointerleave", () => dragging || point(null));
  canvas.addEventListener("keydown", (event) => {
    const way = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, 1], ArrowDown: [0, -1] }[event.key];
    if (event.key === " ") {
      event.preventDefault();
      return player.box.firstChild.click();
    }
    if (!way || !header.draggable) return;
    event.preventDefault();
    const part = event.shiftKey ? 200 : 40;
    const [width, height] = header.bounds.map(([low, high]) => high - low);
    moveStart(start[0] + (way[0] * width) / part, start[1] + (way[1] * height) / part);
    clearTimeout(timer); // a held key passes over many places
    timer = setTimeout(release, 150);
  });

  // A long name of torch's may be broken where its words begin.
  const breakable = (name) => name.replace(/([a-z])([A-Z])/g, "$1\u200b$2");
  const numberText = (value) => (Number.isFinite(value) ? shortNumber(value) : String(value));
  const write = (cell, text) => {
    if (cell.textContent !== text) cell.textContent = text;
  };
  const rows = () => {
    const step = player.at();
    trails.forEach((trail) => {
      const at = Math.min(step, trail.count - 1);
      const gone = trail.diverged !== null && step >= trail.diverged;
      write(trail.cells[0], `${numberText(trail.points[2 * at])}, ${numberText(trail.points[2 * at + 1])}`);
      write(trail.cells[1], numberText(trail.losses[at]));
      write(trail.cells[2], gone ? trail.lost : trail.note);
      trail.row.classList.toggle("lost", gone);
    });
  };

  const build = () => {
    const theme = themeOf(host);
    const noted = trails.some((trail) => trail.note || trail.diverged !== null);
    const head = ["", header.texts.place, header.texts.loss, header.texts.note].map((text) => element("th", { scope: "col" }, text));
    const body = trails.map((trail) => {
      const sample = element("canvas", { "aria-hidden": "true" });
      const context = sizeCanvas(sample, 30, 14);
      context.strokeStyle = context.fillStyle = theme.lines[trail.look.color % theme.lines.length];
      context.lineWidth = 2;
      context.setLineDash(DASHES[trail.look.dash]);
      context.stroke(new Path2D("M0 7H30"));
      drawMarker(context, trail.look.marker, 15, 7, 4);
      trail.cells = [0, 1, 2].map(() => element("td", { class: "number" }));
      trail.row = element("tr", {}, element("th", { scope: "row" }, sample, breakable(trail.name)), ...trail.cells);
      return trail.row;
    });
    table.replaceChildren(element("thead", {}, element("tr", {}, ...head)), element("tbody", {}, ...body));
    table.classList.toggle("bare", !noted);
    side.hidden = !trails.length;
  };

  const toStep = (step) => {
    if (!header) return;
    rows();
    draw();
    for (const chart of charts) chart.mark(step);
    canvas.dataset.step = step;
  };

  const resized = () => {
    if (!header) return;
    const theme = themeOf(host);
    layout(); // here alone: at every frame it would have the browser lay out the page for the numbers beside
    draw();
    drawReliefBar(bar, 120, 10, theme.dark, header.levels.length + 1);
    for (const chart of charts) chart.resize(chartBox.clientWidth, theme);
  };

  const update = ({ header: next, blobs }, component) => {
    send = component.setStateValue;
    header = next;
    const numbers = blobs.map((blob) => new Float32Array(blob));
    const [fresh, ...rest] = numbers;
    if (!grid || grid.length !== fresh.length || fresh.some((value, at) => value !== grid[at])) grid = fresh;
    const each = 2 + next.charts.length;
    trails = next.trails.map((trail, at) => {
      const [points, losses, ...lines] = rest.slice(at * each, (at + 1) * each);
      return { ...trail, points, losses, lines, count: losses.length };
    });
    if (!dragging && timer === null) start = next.start; // what was moved a moment ago is still on its way
    told.start = next.start;
    const total = next.steps;
    while (charts.length > next.charts.length) charts.pop().box.remove();
    while (charts.length < next.charts.length) {
      const chart = createStepChart((step) => {
        player.stop();
        player.go(step);
        if (header.steppable) tell("step", player.at());
      });
      charts.push(chart);
      chartBox.append(chart.box);
    }
    canvas.setAttribute("role", next.draggable ? "application" : "img");
    canvas.setAttribute("aria-label", next.label);
    canvas.classList.toggle("draggable", next.draggable);
    barName.textContent = next.texts.loss;
    ends[0].textContent = shortNumber(next.range[0]);
    ends[1].textContent = shortNumber(next.range[1]);
    build();
    chartBox.hidden = !trails.length;
    player.box.hidden = total < 1 || next.step !== null; // the step is then chosen elsewhere
    player.update(total, next.texts);
    next.charts.forEach((chart, at) => {
      const lines = trails.map((trail) => ({ values: trail.lines[at], look: trail.look }));
      charts[at].show({ ...chart, lines }, total);
    });
    pointed = null;
    readout.textContent = idle();
    resized();
    if (next.step !== null) {
      told.step = next.step;
      if (!player.busy()) player.go(next.step);
    } else if (next.play !== played && total) {
      played = next.play;
      player.go(0);
      player.play();
    } else toStep(player.at());
    canvas.dataset.version = Number(canvas.dataset.version ?? 0) + 1;
  };

  const destroy = () => {
    player.stop();
    clearTimeout(timer);
  };
  return { update, resized, destroy };
};
