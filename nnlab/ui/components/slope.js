// A descent on a loss of one parameter: the curve, the ball, the tangent under it and its step along the axis.

export default (component, css) => mountView(component, css, createSlope);

const FRAME = { left: 48, right: 12, top: 12, bottom: 44 };

const createSlope = (host) => {
  const canvas = element("canvas", { tabindex: 0 });
  const numbers = element("dl", { class: "numbers", "aria-live": "polite" });
  const player = createPlayer((step) => toStep(step));
  host.append(canvas, player.box, numbers);
  let header, xs, ys, points, losses, slopes, rates, start = null, dragging = false, timer = null, told, send, place, hovered = null;
  let played = null;

  const layout = () => {
    const width = Math.max(240, host.clientWidth);
    const [x0, x1] = header.bounds;
    const [low, high] = header.range;
    const [wide, tall] = [width - FRAME.left - FRAME.right, header.height - FRAME.top - FRAME.bottom];
    place = {
      width, wide, tall,
      toX: (x) => FRAME.left + ((x - x0) / (x1 - x0)) * wide,
      toY: (y) => FRAME.top + (1 - (y - low) / (high - low)) * tall,
      fromX: (px) => x0 + ((px - FRAME.left) / wide) * (x1 - x0),
    };
  };

  const stroke = (context, colour, width, dash, ...ends) => {
    context.strokeStyle = colour;
    context.lineWidth = width;
    context.setLineDash(dash);
    context.beginPath();
    for (const [x, y] of ends) context.lineTo(x, y);
    context.stroke();
    context.setLineDash([]);
  };

  const axes = (context, theme) => {
    const { toX, toY, wide, tall } = place;
    context.font = `12px ${theme.font}`;
    context.fillStyle = theme.text;
    const bottom = FRAME.top + tall;
    const up = linearTicks(...header.range, tall / 55);
    context.textAlign = "right";
    context.textBaseline = "middle";
    for (const at of up.ticks) {
      stroke(context, theme.border, 1, [], [FRAME.left, Math.round(toY(at)) + 0.5], [FRAME.left + wide, Math.round(toY(at)) + 0.5]);
      context.fillText(tickText(at, up.digits), FRAME.left - 6, toY(at));
    }
    const across = linearTicks(...header.bounds, wide / 80);
    context.textAlign = "center";
    context.textBaseline = "top";
    for (const at of across.ticks) context.fillText(tickText(at, across.digits), toX(at), bottom + 24);
  };

  const draw = () => {
    if (!header) return;
    const theme = themeOf(host);
    layout();
    const { toX, toY, wide, tall } = place;
    const context = sizeCanvas(canvas, place.width, header.height);
    const step = player.at();
    const bottom = FRAME.top + tall;
    axes(context, theme);
    context.save();
    context.beginPath();
    context.rect(FRAME.left, 0, wide, bottom + FRAME.bottom);
    context.clip();
    context.lineJoin = "round";
    stroke(context, theme.lines[0], 2.5, [], ...Array.from(xs, (x, at) => [toX(x), toY(ys[at])]));
    // Where it has been: chords from step to step.
    const been = Array.from({ length: step + 1 }, (_, at) => [toX(points[at]), toY(losses[at])]);
    context.globalAlpha = 0.6;
    stroke(context, theme.lines[1], 1.5, [], ...been);
    context.globalAlpha = 1;
    context.fillStyle = theme.lines[1];
    for (const [x, y] of been.slice(0, -1)) {
      context.beginPath();
      context.arc(x, y, 3, 0, 2 * Math.PI);
      context.fill();
    }
    const [x, y] = [points[step], losses[step]];
    if (Number.isFinite(slopes[step])) {
      const half = (header.bounds[1] - header.bounds[0]) / 8;
      stroke(context, theme.lines[2], 2, [6, 4], [toX(x - half), toY(y - half * slopes[step])], [toX(x + half), toY(y + half * slopes[step])]);
    }
    if (step < points.length - 1) arrow(context, theme, toX(x), toX(points[step + 1]), bottom + 12);
    stroke(context, theme.text, 1, [2, 3], [toX(x), toY(y)], [toX(x), bottom + 12]);
    context.fillStyle = theme.lines[1];
    context.strokeStyle = theme.background;
    context.lineWidth = 2;
    context.beginPath();
    context.arc(toX(x), toY(y), 8, 0, 2 * Math.PI);
    context.fill();
    context.stroke();
    context.restore();
    if (hovered !== null) tellCurve(context, theme);
  };

  // The curve under the pointer: the nearest of the places where torch computed it.
  const tellCurve = (context, theme) => {
    const [x, y] = [place.toX(xs[hovered]), place.toY(ys[hovered])];
    const text = `x = ${shortNumber(xs[hovered])}, f = ${float32Text(ys[hovered])}`;
    context.font = `12px ${theme.font}`;
    const wide = context.measureText(text).width + 12;
    const left = Math.max(FRAME.left, Math.min(place.width - FRAME.right - wide, x - wide / 2));
    const top = y > FRAME.top + 44 ? y - 34 : y + 14;
    context.fillStyle = theme.raised;
    context.strokeStyle = theme.border;
    context.lineWidth = 1;
    context.fillRect(left, top, wide, 22);
    context.strokeRect(left + 0.5, top + 0.5, wide, 22);
    context.fillStyle = theme.text;
    context.textAlign = "left";
    context.textBaseline = "middle";
    context.fillText(text, left + 6, top + 11);
    context.beginPath();
    context.arc(x, y, 4, 0, 2 * Math.PI);
    context.fill();
  };

  const arrow = (context, theme, from, to, y) => {
    stroke(context, theme.lines[1], 2.5, [], [from, y], [to, y]);
    const head = Math.sign(to - from) * Math.min(8, Math.abs(to - from));
    stroke(context, theme.lines[1], 2.5, [], [to - head, y - 5], [to, y], [to - head, y + 5]);
  };

  const tellNumbers = () => {
    const step = player.at();
    const last = step >= points.length - 1;
    const { texts } = header;
    const pairs = [
      [texts.now, float32Text(points[step])],
      [texts.loss, float32Text(losses[step])],
      [texts.slope, float32Text(slopes[step])],
      [texts.rate, last ? "–" : float32Text(rates[step])],
      [texts.move, last ? "–" : float32Text(Math.fround(header.plain ? -rates[step] * slopes[step] : points[step + 1] - points[step]))],
      [texts.next, last ? (header.diverged === null ? "–" : header.lost) : float32Text(points[step + 1])],
    ];
    numbers.replaceChildren(
      ...pairs.map(([name, value]) => element("div", {}, element("dt", {}, name), element("dd", { class: "number" }, value))),
    );
  };

  const toStep = (step) => {
    if (!header) return;
    draw();
    tellNumbers();
    canvas.dataset.step = step;
  };

  const moveStart = (x) => {
    const [low, high] = header.bounds;
    const unit = 10 ** Math.floor(Math.log10((high - low) / 200));
    start = Number((Math.round(Math.max(low, Math.min(high, x)) / unit) * unit).toPrecision(6));
    clearTimeout(timer);
    timer = setTimeout(release, dragging ? 60 : 150); // a held key passes over many places
  };
  const release = () => {
    clearTimeout(timer);
    timer = null;
    if (start === told) return;
    told = start;
    send("start", start);
  };
  const at = (event) => place.fromX(event.clientX - canvas.getBoundingClientRect().left);
  canvas.addEventListener("pointerdown", (event) => {
    canvas.setPointerCapture(event.pointerId);
    dragging = true;
    moveStart(at(event));
  });
  canvas.addEventListener("pointermove", (event) => {
    if (dragging) moveStart(at(event));
    const [low, high] = header.bounds;
    const nearest = Math.round(((at(event) - low) / (high - low)) * (xs.length - 1));
    hovered = dragging || nearest < 0 || nearest >= xs.length ? null : nearest;
    draw();
  });
  canvas.addEventListener("pointerleave", () => {
    hovered = null;
    draw();
  });
  const end = () => {
    if (!dragging) return;
    dragging = false;
    release();
  };
  canvas.addEventListener("pointerup", end);
  canvas.addEventListener("pointercancel", end);
  canvas.addEventListener("keydown", (event) => {
    const way = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
    if (event.key === " ") {
      event.preventDefault();
      return player.box.firstChild.click();
    }
    if (!way) return;
    event.preventDefault();
    moveStart(start + (way * (header.bounds[1] - header.bounds[0])) / (event.shiftKey ? 200 : 40));
  });

  const update = ({ header: next, blobs }, component) => {
    send = component.setStateValue;
    header = next;
    [xs, ys, points, losses, slopes, rates] = blobs.map((blob) => new Float32Array(blob));
    if (!dragging && timer === null) start = next.start;
    told = next.start;
    canvas.setAttribute("role", "application");
    canvas.setAttribute("aria-label", next.label);
    player.update(points.length - 1, next.texts);
    if (played === null) {
      played = true;
      player.go(0);
    }
    toStep(player.at());
    canvas.dataset.version = Number(canvas.dataset.version ?? 0) + 1;
  };

  const destroy = () => {
    player.stop();
    clearTimeout(timer);
  };
  return { update, resized: draw, destroy };
};
